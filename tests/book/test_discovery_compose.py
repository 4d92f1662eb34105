"""What a Compose file tells of its services."""

from __future__ import annotations

import pytest
from tests.book.sound_operations import assert_shellcheck_clean, assert_sound

from opsbook.book.discovery import Found
from opsbook.book.discovery.reading import could_deploy, read_deployment

SHOP = """\
x-again: &again
  restart: unless-stopped
services:
  web:
    <<: *again
    image: nginx:1.27
    ports: ["8080:80", "127.0.0.1:8443:443"]
    depends_on:
      api: {condition: service_healthy}
  api:
    image: registry.test/shop/api:${API_TAG:-2.1.0}
    expose: ["9000"]
    env_file: [api.env]
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:9000/health"]
      interval: 1m30s
    depends_on: [db, cache]
    deploy: {replicas: 3}
    labels: ["team=payments", "traefik.http.routers.api.rule=Host(`api.shop.test`)"]
  db:
    image: postgres:16
    ports:
      - {target: 5432, published: "15432"}
    volumes: ["rows:/var/lib/postgresql/data", "./seed.sql:/seed.sql:ro"]
    healthcheck:
      test: pg_isready -U $$POSTGRES_USER
  cache:
    image: redis:7-alpine
    container_name: shop-cache
  migrate:
    build: .
  worker:
    build: ./worker
    depends_on:
      migrate: {condition: service_completed_successfully}
volumes: {rows: {}}
"""


def read(text: str, path: str = "shop/compose.yaml") -> dict[str, Found]:
    found, findings = read_deployment(path, text)
    assert not [each for each in findings if each.severity == "error"]
    return {each.name: each for each in found}


def one(body: str, path: str = "compose.yaml") -> Found:
    """The service `it` with this body, written in flow style."""
    return read(f"services: {{it: {{{body}}}}}", path)["it"]


def command(found: Found, operation: str) -> str:
    (how,) = [each for each in found.operations if each.operation == operation]
    return "\n".join(step.command for step in how.steps)


@pytest.mark.parametrize(
    ("path", "could"),
    [("compose.yaml", True), ("a/docker-compose.prod.yml", True), ("README.md", False), ("a/b.py", False)],
)
def test_a_name_tells_whether_a_file_is_worth_reading(path, could):
    assert could_deploy(path) is could


def test_every_service_is_found_at_its_own_line():
    places = {name: str(each.place) for name, each in read(SHOP).items()}
    assert places == {
        "web": "shop/compose.yaml:4:3", "api": "shop/compose.yaml:10:3", "db": "shop/compose.yaml:20:3",
        "cache": "shop/compose.yaml:27:3", "migrate": "shop/compose.yaml:30:3", "worker": "shop/compose.yaml:32:3",
    }  # fmt: skip


def test_what_a_service_tells_is_kept():
    shop = read(SHOP)
    assert [each.technology for each in shop.values()] == ["nginx", "", "postgresql", "redis", "", ""]
    assert shop["web"].ports == (("127.0.0.1:8080", "80/tcp"), ("127.0.0.1:8443", "443/tcp"))
    assert shop["web"].facts == (("Restart policy", "unless-stopped"),)
    assert [told.text for told in shop["api"].needs] == ["db", "cache"]
    assert (shop["api"].replicas, shop["api"].owner) == (3, "payments")
    assert shop["api"].links == (("Reached as api.shop.test", "https://api.shop.test/"),)
    assert shop["api"].notes == ("It takes variables from api.env.",)
    assert [told.text for told in shop["db"].keeps] == ["rows at /var/lib/postgresql/data"]
    assert str(shop["db"].keeps[0].place) == "shop/compose.yaml:24:16"


def test_all_commands_of_a_shop_are_sound(needs):
    found = read(SHOP).values()
    assert_sound(found)
    assert_shellcheck_clean(needs("shellcheck"), found)


HEALTH = (
    # what stands in the file, the address that is asked, the command that is run
    ('ports: ["8080:80"], healthcheck: {test: "curl -f http://localhost/health || exit 1"}',
     "http://127.0.0.1:8080/health", ""),
    ('ports: ["8080:80"], healthcheck: {test: [CMD-SHELL, "wget -qO- http://127.0.0.1:80/up > /dev/null"]}',
     "http://127.0.0.1:8080/up", ""),
    ('ports: ["${P:-81}:80"], healthcheck: {test: "curl -f http://it:80/"}', "http://127.0.0.1:81/", ""),
    ('ports: ["80"], healthcheck: {test: [CMD, curl, -f, "http://localhost/a?b=1&c=2"]}', "",
     "docker compose -f compose.yaml exec -T it curl -f 'http://localhost/a?b=1&c=2'"),
    ('ports: ["8080:80"], healthcheck: {test: "curl -s http://localhost/ | grep -q ok"}', "",
     "docker compose -f compose.yaml exec -T it sh -c 'curl -s http://localhost/ | grep -q ok'"),
    ('ports: ["8080:80"], healthcheck: {test: "curl -f -u a:b http://localhost/"}', "",
     "docker compose -f compose.yaml exec -T it sh -c 'curl -f -u a:b http://localhost/'"),
    ('ports: ["1234:5432"], healthcheck: {test: pg_isready}', "tcp://127.0.0.1:1234",
     "docker compose -f compose.yaml exec -T it sh -c pg_isready"),
    ('ports: ["1234:7000"], healthcheck: {test: [CMD, redis-cli, -p, "7000", ping]}', "tcp://127.0.0.1:1234",
     "docker compose -f compose.yaml exec -T it redis-cli -p 7000 ping"),
    ('environment: {PORT: 3000}, ports: ["80:3000"], healthcheck: {test: "curl -f http://localhost:$${PORT}/"}',
     "http://127.0.0.1:80/", ""),
    ('healthcheck: {test: "test -e ${FILE}"}', "",
     "docker compose -f compose.yaml ps it | grep -cF '(healthy)'"),
    ('network_mode: host, healthcheck: {test: "curl -f http://localhost:99/"}', "http://127.0.0.1:99/", ""),
    ('ports: ["7:80"], healthcheck: {disable: true, test: "curl http://localhost/"}', "tcp://127.0.0.1:7", ""),
    ('ports: ["7:80"], healthcheck: {test: [NONE]}', "tcp://127.0.0.1:7", ""),
    ('image: grafana/grafana, ports: ["7:3000"]', "http://127.0.0.1:7/api/health", ""),
    ("image: memcached", "", "docker compose -f compose.yaml ps --status running --services | grep -cxF -e it"),
)  # fmt: skip


@pytest.mark.parametrize(("body", "url", "inner"), HEALTH)
def test_a_health_check_is_an_address_where_its_port_is_published_else_a_command(body, url, inner):
    found = one(body)
    assert [check.url for check in found.checks if check.url] == [url] * bool(url)
    assert [check.command for check in found.checks if check.command] == [inner] * bool(inner)
    assert_sound([found])


def test_a_health_check_keeps_its_interval_and_place():
    (check,) = read(SHOP)["api"].checks
    assert (check.every_s, str(check.place)) == (90, "shop/compose.yaml:15:15")


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ('"3000"', (("", "3000/tcp"),)),
        ('"53:53/udp"', (("127.0.0.1:53", "53/udp"),)),
        ('"10.0.0.1:80:8080"', (("10.0.0.1:80", "8080/tcp"),)),
        ('"[::1]:80:8080"', (("127.0.0.1:80", "8080/tcp"),)),
        ('"3000-3001:4000-4001"', (("127.0.0.1:3000", "4000/tcp"), ("127.0.0.1:3001", "4001/tcp"))),
        ('"3000-3005:80"', (("", "80/tcp"),)),
        ("{target: 80, published: 8080, protocol: tcp}", (("127.0.0.1:8080", "80/tcp"),)),
        ('"${A:-${B:-1}}:2"', (("127.0.0.1:1", "2/tcp"),)),
        ('"nonsense"', ()), ('"1:2:3:4:5"', ()),
    ],
)  # fmt: skip
def test_ports_are_read_in_every_form(ports, expected):
    assert one(f"ports: [{ports}]").ports == tuple(
        (reached.replace("127.0.0.1", "[::1]") if "::1" in ports else reached, inner) for reached, inner in expected
    )


def test_a_port_of_a_variable_without_default_is_left_out_and_told():
    found = one('ports: ["${PORT}:80"]')
    assert (found.ports, found.notes[0]) == ((), "The port ${PORT}:80 depends on a variable without a default.")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('ports: ["80:80"]', "it takes the port 127.0.0.1:80 of its machine"),
        ("container_name: x", "its container has a fixed name (x)"),
        ("network_mode: host", "it listens on the network of its machine"),
    ],
)
def test_what_there_can_be_only_one_of_is_not_scaled(body, why):
    (scaling,) = [each for each in one(body).operations if each.operation.startswith("scale-") and
                  each.operation != "scale-vertically"]  # fmt: skip
    assert (scaling.note, scaling.steps[0].command) == (f"There can be only one of it: {why}.", "")


def test_the_version_is_a_parameter_only_where_the_file_has_a_variable_for_it():
    shop = read(SHOP)
    assert 'API_TAG="$API_TAG" docker compose -f shop/compose.yaml pull api' in command(shop["api"], "rollback")
    (by_hand,) = [each for each in shop["web"].operations if each.operation == "rollback"]
    assert by_hand.steps[0].text == ("Put the image that was good in place of nginx:1.27 at shop/compose.yaml:6:12.")


def test_a_database_is_backed_up_with_the_variables_of_its_own_container():
    assert 'pg_dump -Fc -U "$u" "$d"' in command(read(SHOP)["db"], "backup")


def test_a_one_off_is_run_and_not_restarted():
    found = read(SHOP)["migrate"]
    assert found.is_job
    assert [each.operation for each in found.operations] == ["status", "logs", "start"]


def test_an_override_is_named_behind_the_file_that_it_changes():
    found = read("services: {it: {environment: {A: b}}}", "a/docker-compose.override.yml")["it"]
    assert command(found, "restart") == (
        "docker compose -f a/docker-compose.yml -f a/docker-compose.override.yml restart it"
    )


@pytest.mark.parametrize("name", ["a b; rm -rf", "$(reboot)", "-f", "a\\nb", "`x`", ""])
def test_a_name_that_no_service_can_have_is_refused(name):
    found, (finding,) = read_deployment("compose.yaml", f'services: {{"{name}": {{image: x}}}}')
    assert (found, finding.rule) == ((), "odd-deployment")


@pytest.mark.parametrize("path", ["a b/compose.yaml", "$(x)/compose.yaml", "-x/compose.yaml", "it's/compose.yml"])
def test_a_path_is_one_word_of_every_command(path, needs):
    found = read(SHOP, path).values()
    assert_sound(found)
    assert_shellcheck_clean(needs("shellcheck"), found)


def test_a_service_of_the_same_file_is_extended():
    found = read("services: {a: {image: redis, extends: b}, b: {image: postgres, restart: always}}")
    assert (found["a"].technology, found["a"].facts) == ("redis", (("Restart policy", "always"),))


def test_a_broken_file_tells_where_it_breaks():
    _, (finding,) = read_deployment("compose.yaml", "services:\n  a: [\n")
    assert (finding.rule, finding.span.line) == ("unreadable-deployment", 3)


def test_an_image_that_is_one_variable_is_deployed_and_rolled_back_by_it() -> None:
    (shop,) = read_deployment("compose.yaml", 'services: {shop: {image: "$SHOP_IMAGE"}}\n')[0]
    back = next(each for each in shop.operations if each.operation == "rollback")
    assert [row[0] for row in back.parameters] == ["SHOP_IMAGE"]
    assert all(step.command.startswith('SHOP_IMAGE="$SHOP_IMAGE" docker compose') for step in back.steps)


def test_an_address_in_the_environment_names_a_need_where_it_is_a_service_of_the_file() -> None:
    text = """\
services:
  shop:
    image: registry.test/shop:1
    environment:
      CATALOG: http://catalog:8080/v1
      DATABASE_URL: postgres://shop:${PASSWORD}@db/shop
      BROKERS: "queue:9092"
      OWN: http://shop:80
      OTHER: https://example.test:443
      MODE: catalog
  catalog: {image: registry.test/catalog:1}
  db: {image: postgres:16}
  queue: {image: registry.test/queue:1}
"""
    shop = read_deployment("compose.yaml", text)[0][0]
    assert [each.text for each in shop.needs] == ["catalog", "db", "queue"]


def test_source_that_is_mounted_into_what_is_built_from_it_is_not_kept() -> None:
    text = "services: {shop: {build: {context: ./shop}, volumes: ['./shop:/app', './shop/data:/data']}}\n"
    (shop,) = read_deployment("compose.yaml", text)[0]
    assert [each.text for each in shop.keeps] == ["./shop/data at /data"]


@pytest.mark.parametrize("body", ["image: 'registry.test/it:${IT_TAG:-2.1.0}', build: .", "image: $IT_TAG, build: ."])
def test_rolling_back_what_is_built_here_never_builds_the_files_that_are_checked_out(body) -> None:
    back = next(each for each in one(body).operations if each.operation == "rollback")
    commands = "\n".join(step.command for step in back.steps)
    assert (" build " in commands, "--no-build" in commands, back.parameters[0][:3]) == (
        False, True, ("IT_TAG", "string", "required"))  # fmt: skip


def test_rolling_back_what_has_no_version_of_its_own_begins_with_a_check_out_by_hand() -> None:
    back = next(each for each in one("build: .").operations if each.operation == "rollback")
    assert (back.steps[0].command, back.steps[0].text.startswith("Check out the version")) == ("", True)


@pytest.mark.parametrize("image", ["redis:7", "postgres:16", "mysql:8", "rabbitmq:4"])
def test_a_store_is_not_scaled_by_a_command(image) -> None:
    scaling = [each for each in one(f"image: '{image}'").operations if each.operation in ("scale-up", "scale-down")]
    assert [(each.operation, each.steps[0].command) for each in scaling] == [("scale-up", "")]
    assert "same volume" in scaling[0].note
