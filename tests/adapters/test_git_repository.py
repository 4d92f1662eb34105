"""A page is saved as a commit of its own, or nothing has changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from tests.git_folder import GitFolder

from opsbook.adapters.folder import FolderBook
from opsbook.adapters.git_repository import GitRepository
from opsbook.book.page import default_reading
from opsbook.ground.digests import digest_of
from opsbook.ground.errors import Failure, PageConflict, Refusal

PAGE = "docs/db.md"
BEFORE = b"# Database\n\nRestart it.\n"
AFTER = b"# Database\n\nRestart it twice.\n"
ANN = ("Ann Lee", "ann@example.org")


@pytest.fixture
def git(tmp_path, needs) -> GitFolder:
    needs("git")
    made = GitFolder(tmp_path / "work")
    made.write(PAGE, BEFORE)
    made.write("other.txt", "one\n")
    made.write(".gitignore", ".opsbook/\ndocs/drafts/\n")
    made.commit("first")
    return made


def repository_in(root: Path) -> GitRepository:
    folder = str(root / "docs")
    return GitRepository(str(root), folder, FolderBook(str(root), folder, default_reading()), str(root / ".opsbook"))


@pytest.fixture
def repository(git) -> GitRepository:
    return repository_in(git.root)


def save(repository: GitRepository, before: bytes | None = BEFORE, after: bytes = AFTER, path: str = PAGE):
    return repository.save(path, before, after, author=ANN, message="Say it twice")


def test_a_save_is_one_commit_of_that_page_with_author_and_message(git, repository):
    saved = save(repository)
    assert saved.commit == git.head()
    assert saved.digest == digest_of(AFTER)
    assert git("show", "--format=%an <%ae>|%cn|%s", "--name-status", "HEAD").split("\n\n") == [
        "Ann Lee <ann@example.org>|Server|Say it twice", f"M\t{PAGE}\n"
    ]
    assert (git.root / PAGE).read_bytes() == AFTER
    assert git("status", "--porcelain") == ""


def test_what_others_staged_or_left_changed_is_not_swept_in(git, repository):
    git.write("other.txt", "staged\n")
    git("add", "other.txt")
    git.write("other.txt", "changed again\n")
    git.write("docs/untracked.md", "# New\n")
    save(repository)
    assert git("show", "--format=", "--name-only", "HEAD").split() == [PAGE]
    assert git("status", "--porcelain") == "MM other.txt\n?? docs/untracked.md\n"
    assert git("show", ":other.txt") == "staged\n"


def test_nothing_of_a_save_stays_in_the_folder_of_git(git, repository):
    before = set(os.listdir(git.root / ".git"))
    save(repository)
    assert set(os.listdir(git.root / ".git")) - before == set()


@pytest.mark.parametrize("content", [b"a\r\nb\n\rc", b"\xef\xbb\xbf# T\n", b"\xff\xfe\x00", b"no end", b""])
def test_every_byte_is_kept(git, repository, content):
    saved = save(repository, after=content)
    assert (git.root / PAGE).read_bytes() == content
    assert repository.at(PAGE, saved.commit) == content


def test_with_line_endings_converted_the_file_is_exact_and_git_sees_no_change(git):
    git("config", "core.autocrlf", "input")
    save(repository_in(git.root), after=b"one\r\ntwo\r\n")
    assert (git.root / PAGE).read_bytes() == b"one\r\ntwo\r\n"
    assert git("show", f"HEAD:{PAGE}") == "one\ntwo\n"
    assert git("status", "--porcelain") == ""


def test_a_new_page_is_added_with_its_folders(git, repository):
    saved = save(repository, None, b"# New\n", "docs/runbooks/new.md")
    assert git("show", "--format=", "--name-status", saved.commit) == "A\tdocs/runbooks/new.md\n"
    assert git("status", "--porcelain") == ""


def test_the_first_commit_of_a_repository_can_be_a_page(tmp_path, needs):
    needs("git")
    git = GitFolder(tmp_path / "empty")
    saved = save(repository_in(git.root), None, b"# New\n")
    assert git("log", "--format=%H %an").strip() == f"{saved.commit} Ann Lee"


def test_the_mode_of_the_file_stays(git, repository):
    (git.root / PAGE).chmod(0o755)
    git.commit("executable")
    save(repository)
    assert stat.S_IMODE((git.root / PAGE).stat().st_mode) == 0o755
    assert git("ls-tree", "HEAD", PAGE).startswith("100755")


def test_a_save_of_the_same_bytes_makes_no_commit(git, repository):
    head = git.head()
    assert save(repository, after=BEFORE).commit == head
    assert git.head() == head


def test_a_page_that_changed_meanwhile_is_a_conflict_that_holds_all_sides(git, repository):
    git.write(PAGE, "theirs\n")
    git.commit()
    with pytest.raises(PageConflict) as caught:
        save(repository)
    assert (caught.value.base, caught.value.mine, caught.value.theirs) == (BEFORE, AFTER, b"theirs\n")
    assert (git.root / PAGE).read_bytes() == b"theirs\n"


def test_a_page_that_vanished_is_a_conflict(git, repository):
    (git.root / PAGE).unlink()
    with pytest.raises(PageConflict, match="not there any more") as caught:
        save(repository)
    assert caught.value.theirs is None


def test_a_new_page_where_one_is_already_is_a_conflict(git, repository):
    with pytest.raises(PageConflict, match="already"):
        save(repository, None)
    assert (git.root / PAGE).read_bytes() == BEFORE


def test_changes_that_nobody_committed_are_not_committed_by_another(git, repository):
    git.write(PAGE, "by hand\n")
    with pytest.raises(Refusal, match="nobody has committed"):
        save(repository, b"by hand\n")
    assert git("diff", "--name-only") == f"{PAGE}\n"


def test_a_page_that_git_does_not_know_yet_is_committed_whole(git, repository):
    git.write("docs/new.md", "one\n")
    save(repository, b"one\n", b"two\n", "docs/new.md")
    assert git("show", "HEAD:docs/new.md") == "two\n"


def test_a_page_that_git_ignores_is_written_without_a_commit(git, repository):
    head = git.head()
    assert save(repository, None, b"draft\n", "docs/drafts/x.md").commit is None
    assert (git.root / "docs/drafts/x.md").read_bytes() == b"draft\n"
    assert git.head() == head


@pytest.mark.parametrize("hook", ["pre-commit", "commit-msg"])
def test_a_hook_that_says_no_is_told_in_its_own_words_and_nothing_has_changed(git, repository, hook):
    git.hook(hook, "echo 'Write why, please.' >&2; exit 1\n")
    head = git.head()
    with pytest.raises(Refusal, match=r"Write why, please\."):
        save(repository)
    with pytest.raises(Refusal):
        save(repository, None, b"# New\n", "docs/new.md")
    assert (git.root / PAGE).read_bytes() == BEFORE
    assert (git.head(), git("status", "--porcelain")) == (head, "")
    assert not (git.root / ".git/index.lock").exists()


def test_a_hook_sees_the_page_and_nothing_else(git, repository):
    git.write("other.txt", "staged\n")
    git("add", "other.txt")
    git.hook("pre-commit", f"git diff --cached --name-only > seen; grep twice {PAGE} >> seen\n")
    save(repository)
    assert (git.root / "seen").read_text() == f"{PAGE}\nRestart it twice.\n"


def test_what_a_hook_mends_is_committed_and_told(git, repository):
    git.hook("pre-commit", f"echo mended >> {PAGE}; git add {PAGE}\n")
    saved = save(repository)
    assert git("show", f"HEAD:{PAGE}").endswith("mended\n")
    assert saved.digest == digest_of(AFTER + b"mended\n")
    assert git("status", "--porcelain") == ""


def test_without_a_name_of_the_server_the_author_commits(git, monkeypatch):
    for name, value in {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}.items():
        monkeypatch.setenv(name, value)
    git("config", "--unset", "user.name")
    save(repository_in(git.root))
    assert git("show", "-s", "--format=%cn <%ce>").strip() == "Ann Lee <ann@example.org>"


@pytest.mark.parametrize(
    ("author", "said"),
    [
        (("ada", ""), "ada <ada@opsbook.invalid>"), (("Zoë Lee", "<>"), "Zoë Lee <Zo-Lee@opsbook.invalid>"),
        (("", ""), "unknown <unknown@opsbook.invalid>"), (("ada", "ada@example.org"), "ada <ada@example.org>"),
    ],
)  # fmt: skip
def test_whoever_has_no_address_commits_with_one_that_nobody_can_have(git, repository, author, said):
    repository.save(PAGE, BEFORE, AFTER, author=author, message="m")
    assert git("show", "-s", "--format=%an <%ae>").strip() == said


def test_a_name_cannot_break_out_of_the_commit(git, repository):
    repository.save(PAGE, BEFORE, AFTER, author=("A <b>\nparent 0", "x>\ny"), message="m\n# not a comment")
    assert git("show", "-s", "--format=%an|%ae|%B").strip() == "A bparent 0|xy|m\n# not a comment"


def test_without_a_branch_nothing_is_saved(git, repository):
    git("checkout", "-q", "--detach")
    with pytest.raises(Refusal, match="No branch is checked out"):
        save(repository)
    assert (git.root / PAGE).read_bytes() == BEFORE


def test_in_the_middle_of_a_merge_nothing_is_saved(git, repository):
    (git.root / ".git/MERGE_HEAD").write_text(git.head())
    with pytest.raises(Refusal, match="in the middle of a merge"):
        save(repository)


def test_a_lock_of_another_git_is_waited_for_and_told(git, repository, monkeypatch):
    monkeypatch.setattr("opsbook.adapters.git_repository.saving._PATIENCE_S", 0.1)
    (git.root / ".git/index.lock").touch()
    with pytest.raises(Failure, match=r"index\.lock") as caught:
        save(repository)
    assert caught.value.retryable
    assert (git.root / ".git/index.lock").exists()


def test_in_another_working_tree_its_own_branch_is_committed_to(git):
    git("worktree", "add", "-q", "../second", "-b", "second")
    second = git.root.parent / "second"
    saved = save(repository_in(second))
    assert git("rev-parse", "second").strip() == saved.commit
    assert git("-C", str(second), "status", "--porcelain") == ""


def test_the_variables_of_another_repository_do_not_lead_astray(git, repository, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere.index"))
    saved = save(repository)
    monkeypatch.undo()
    assert saved.commit == git.head()


@pytest.mark.parametrize(
    "path",
    ["", "/etc/x.md", "../x.md", "docs/../x.md", "docs//x.md", "docs/./x.md", "docs/x.txt", "docs/.hidden/x.md",
     "docs/.x.md", ".git/x.md", "other.md", "docs/x\0.md", "docs\\x.md", "docs/x\n.md", "docs/" + "x" * 300 + ".md"],
)  # fmt: skip
def test_no_path_leads_out_of_the_pages_of_the_book(git, repository, path):
    with pytest.raises(Refusal):
        save(repository, None, b"x", path)
    assert git("status", "--porcelain", "--ignored") in ("", "!! .opsbook/\n")


def test_nothing_is_written_through_a_link(git, repository, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/page.md").write_bytes(BEFORE)
    (git.root / "docs/out").symlink_to(tmp_path / "outside")
    (git.root / "docs/link.md").symlink_to("db.md")
    with pytest.raises(Refusal, match="through a link"):
        save(repository, None, b"x", "docs/out/x.md")
    with pytest.raises(Refusal, match=r"Edit 'docs/db\.md' instead"):
        save(repository, path="docs/link.md")
    assert os.listdir(tmp_path / "outside") == ["page.md"]


def test_outside_of_git_the_file_alone_is_written(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / PAGE).write_bytes(BEFORE)
    repository = repository_in(tmp_path)
    assert save(repository).commit is None
    assert (tmp_path / PAGE).read_bytes() == AFTER
    assert os.listdir(tmp_path / "docs") == ["db.md"]
    assert repository.history(PAGE, 5) == []
    with pytest.raises(PageConflict):
        save(repository)


def test_the_history_of_a_page_is_its_commits_the_newest_first(git, repository):
    saved = save(repository)
    git.write("other.txt", "two\n")
    git.commit("elsewhere")
    changes = repository.history(PAGE, 10)
    assert [(change.author, change.subject) for change in changes] == [("Ann Lee", "Say it twice"), ("Server", "first")]
    assert changes[0].commit == saved.commit
    assert changes[0].at.tzinfo is not None
    assert repository.history(PAGE, 1) == changes[:1]
    assert repository.at(PAGE, changes[1].commit) == BEFORE


def test_the_history_of_the_whole_repository_is_that_of_its_root(git, repository):
    git.write("other.txt", "two\n")
    git.commit("elsewhere")
    assert [change.subject for change in repository.history("", 10)] == ["elsewhere", "first"]


def test_before_the_first_commit_there_is_no_history(tmp_path, needs):
    needs("git")
    git = GitFolder(tmp_path)
    assert repository_in(git.root).history("", 10) == []


def test_a_git_that_cannot_read_its_repository_is_a_failure_and_no_empty_history(git, repository):
    (git.root / ".git" / "HEAD").write_text("nonsense\n")
    with pytest.raises(Failure, match="git cannot tell the history of 'docs/db.md'"):
        repository.history(PAGE, 10)


@pytest.mark.parametrize("commit", ["HEAD", "--output=x", "main", "abc", "0" * 40, ""])
def test_what_is_no_commit_has_no_page(git, repository, commit):
    assert repository.at(PAGE, commit) is None
