"""The three procedures of the grammar's specification, as a team would write them, for tests to read."""

from __future__ import annotations

RESTART = r"""### Restart Service
1. Drain traffic from the node
2. Restart the unit
   ```bash
   sudo systemctl restart payments
   ```
3. Watch the log for one minute
   ```bash
   timeout 60 journalctl -fu payments || true
   ```

- **Verification:** `curl -fsS http://localhost:8080/health` answers within 2 s
- **Rollback Process:** Page the on-call DBA and restore traffic to the old node
"""

DEPLOY = r"""# Deploy web

## Deploy a new version

| Parameter   | Type                       | Default   | Description            |
| ----------- | -------------------------- | --------- | ---------------------- |
| `VERSION`   | `/^v\d+\.\d+\.\d+$/`       | required  | Git tag to ship        |
| `ENV`       | `staging` \| `production`  | `staging` | Where to deploy        |
| `DB_PASS`   | secret `vault:web/db`      | required  | Migration user         |

- **Run on:** each of `web`, 1 at a time, stop after 1 failure
- **One at a time:** `deploy-web-$ENV`
- **Time limit:** 30m

1. Check the artifact exists
   ```bash
   curl -fsSI "https://artifacts.example/web/$VERSION.tgz"
   ```
   - **Run on:** local
   - **Repeat:** safe
2. Get a second pair of eyes
   - **Approval:** 1 of @sre-leads within 1h
   - **When:** `$ENV` is `production`
3. Run the migrations
   ```bash
   ./migrate --to "$VERSION"
   ```
   - **Run on:** db-1
   - **Repeat:** ask; done if `./migrate --is-at "$VERSION"`
   - **Undo:** `./migrate --down-from "$VERSION"`
   - **Time limit:** 10m
4. Switch the release
   ```bash
   ln -sfn "/srv/web/$VERSION" /srv/web/current
   systemctl reload web
   ```
   - **Repeat:** safe
   - **Undo:**
     ```bash
     ln -sfn "/srv/web/$PREVIOUS" /srv/web/current && systemctl reload web
     ```

#### Verification
1. The new version answers
   ```bash
   curl -fsS http://localhost/version
   ```
   - **Expect:** output contains `$VERSION` within 2m, every 5s
2. No errors in the last minute
   ```bash
   journalctl -u web --since -1min -p err --no-pager
   ```
   Expected output:
   ```text
   -- No entries --
   ```

#### Rollback
1. Undo every finished step, last first
   - **Undo steps:** all
"""

RESTORE = r"""---
ops:
  drill: {schedule: "monthly", target: sandbox-db, params: {BACKUP: latest}}
  owner: "@dba"
---
# Restore the orders database

## Restore from backup

| Parameter | Type                    | Default  | Description       |
| --------- | ----------------------- | -------- | ----------------- |
| `BACKUP`  | string                  | `latest` | Backup id         |
| `TARGET`  | host in `databases`     | required | Where to restore  |

- **Run on:** `$TARGET`
- **Danger:** overwrites every order on the target; type the host name to go on

1. Tell #incidents that orders is going read-only
2. Stop writers
   ```bash
   systemctl stop orders-api
   ```
   - **Undo:** `systemctl start orders-api`
3. Restore
   ```bash timeout=2h name=restore
   pgbackrest --stanza=orders --set="$BACKUP" restore
   ```
   - **Repeat:** never
   - **Capture:** `RESTORED_LSN` from `/restored to (\S+)/`
4. Compare the row count with the dashboard and write it down
   - **Ask:** `ROWS` number
5. Start writers
   ```bash
   systemctl start orders-api
   ```
   - **Retry:** 3 times, every 10s

- **Verification:**
  ```bash
  test "$(psql -Atc 'select count(*) from orders')" -ge "$ROWS"
  ```
- **Rollback Process:** [Fail over to the replica](failover.md#fail-over)
"""
