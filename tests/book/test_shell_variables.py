"""What a script takes from outside, what it sets, what the shell splits, and which secrets `ps` would show."""

from __future__ import annotations

import pytest

from opsbook.book.shell.parameters import looks_secret, secret_on_command_line, unquoted_parameters, variables

USED = [
    ('echo "$VERSION"', ["VERSION"]),
    ("echo ${VERSION}x $OTHER", ["VERSION", "OTHER"]),
    ("echo $home $1 $? $@ $HOME $PATH ${BASH_SOURCE[0]} $LC_ALL $RANDOM $PWD", []),
    ("A=1\necho $A", []),
    ("echo $A\nA=1", ["A"]),
    ("A=$A:x", ["A"]),
    ("A=${A:-1}; echo $A", ["A"]),
    ("A=1 ./x $A", ["A"]),
    ("A=1 B=2\necho $A$B", []),
    ("export A=1 B=$C; echo $A $B", ["C"]),
    ("local A=1; declare -r B=2; readonly C=3; echo $A$B$C", []),
    ("read -r A B; echo $A $B", []),
    ("while read -r A; do echo $A; done < f", []),
    ("ls | while IFS= read -r LINE; do echo $LINE; done", []),
    ("mapfile -t A < <(ls); echo ${A[@]}", []),
    ("for A in 1 2; do echo $A; done", []),
    ("for x in $A; do :; done", ["A"]),
    ("for ((i=0; i<N; i++)); do :; done", ["N"]),
    ("getopts ab OPT; echo $OPT $OPTARG", []),
    ("printf -v A '%s' x; echo $A", []),
    ("echo $((COUNT + 1)) $(( $B * 2 ))", ["COUNT", "B"]),
    ("cat <<EOF\n$A ${B:-x}\nEOF", ["A", "B"]),
    ("cat <<'EOF'\n$A\nEOF\necho $B", ["B"]),
    ('cat <<"EOF"\n$A\nEOF', []),
    ("psql <<< \"$SQL\"", ["SQL"]),
    ("awk '{print $NF, $1}' $FILE", ["FILE"]),
    ("sh -c 'echo $INSIDE'", []),
    ('sh -c "echo $OUTSIDE"', ["OUTSIDE"]),
    ("ssh host \"echo $A '$B'\"", ["A", "B"]),
    ('echo "$(date -d "$DAY" +%s)"', ["DAY"]),
    ("echo `date -d $DAY`", ["DAY"]),
    ("X=$(cat $FILE)", ["FILE"]),
    ("case $A in $B) :;; esac", ["A", "B"]),
    ("[ -z $A ] && [[ $B == x ]]", ["A", "B"]),
    ("echo \\$A '$B' # $C", []),
    ("f() { echo $A; }\nA=1\nf", []),
    ("f() { echo $A; }\nf", ["A"]),
    ("echo ${#A} ${B%%.*} ${C//x/y} ${D:0:3} ${!E}", ["A", "B", "C", "D", "E"]),
    (': "${A:=x}"; echo $A', ["A"]),
    ("diff <(cat $A) <(cat $B)", ["A", "B"]),
    ("kubectl -n $NS delete pod <pod>", ["NS"]),
    ("cmd > $OUT 2>> ${ERR}", ["OUT", "ERR"]),
    ("trap 'rm -f $TMP' EXIT", []),
]


@pytest.mark.parametrize(("script", "names"), USED)
def test_a_script_needs_the_upper_case_names_it_has_not_set(script, names):
    found = variables(script)
    assert list(found.names()) == names
    content = script.encode()
    for use in found.used:
        assert use.name in content[use.start : use.end].decode()


@pytest.mark.parametrize(
    ("script", "default", "required"),
    [
        ("echo $A", None, False),
        ("echo ${A}", None, False),
        ("echo ${A:-x}", "x", False),
        ("echo ${A-x y}", "x y", False),
        ('echo "${A:-"x y"}"', "x y", False),
        ("echo ${A:-}", "", False),
        ("echo ${A:=z}", "z", False),
        ("echo ${A:+set}", "", False),
        ("echo ${A:?must be set}", None, True),
        ("echo ${A:-$HOME/x}", "$HOME/x", False),
    ],
)
def test_a_use_tells_its_default_or_its_demand(script, default, required):
    (use,) = variables(script).used
    assert (use.default, use.required) == (default, required)


def test_a_default_may_need_a_variable_of_its_own():
    assert variables("echo ${A:-${B:-x}}").names() == ("A", "B")


def test_what_a_script_sets_and_exports_is_told():
    found = variables("A=1\nexport B=2\nC=3; export C\nlower=4\nD=5 ./x\nread E")
    assert found.assigned == ("A", "B", "C", "E")
    assert found.exported == ("B", "C")


@pytest.mark.parametrize("script", ["source ./env; echo $A", ". ./env\necho $A", 'eval "$(x)"', "set -a; A=1"])
def test_a_script_that_reads_another_says_so(script):
    assert variables(script).sources


def test_places_count_bytes_not_letters():
    (use,) = variables("echo 'é日' $A").used
    assert (use.start, use.end) == (13, 15)


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("rm $A ${B}/x pre$C", ["A", "B", "C"]),
        ('rm "$A" "${B}/x" \'$C\'', []),
        ("X=$A; export Y=$B; Z=$A cmd", []),
        ("[[ $A == $B ]] && (( $C > 1 )) && echo $((D + $E))", []),
        ("[ $A = x ]", ["A"]),
        ("test -n $A", ["A"]),
        ("case $A in $B) :;; esac", []),
        ("for x in $A \"$B\"; do :; done", ["A"]),
        ("x=($A \"$B\")", ["A"]),
        ("cat <<EOF\n$A\nEOF\ncat <<< $B", []),
        ("ls > $A", ["A"]),
        ("echo $(ls $A)", ["A"]),
        ('echo "$(ls $A)"', ["A"]),
        ("echo ${#A} $HOME $x $1", []),
        ("curl $CURL_OPTS $EXTRA_ARGS", []),
        ("echo ${A:-x}", ["A"]),
        ("kubectl get pod $POD -n <namespace>", ["POD"]),
    ],
)
def test_an_unquoted_parameter_is_found_where_the_shell_splits_it(script, names):
    assert [use.name for use in unquoted_parameters(script)] == names


def test_with_names_only_those_are_looked_for():
    found = unquoted_parameters("curl $CURL_OPTS $HOST $PORT", frozenset({"CURL_OPTS", "PORT"}))
    assert [use.name for use in found] == ["CURL_OPTS", "PORT"]


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("mysql -p$DB_PASS app", ["DB_PASS"]),
        ('mysql --password="$DB_PASS"', ["DB_PASS"]),
        ('curl -u user:"$DB_PASS" x', ["DB_PASS"]),
        ('curl -H "Authorization: Bearer $API_TOKEN" x', ["API_TOKEN"]),
        ('env PGPASSWORD="$DB_PASS" psql', ["DB_PASS"]),
        ("docker run -e PASS=$DB_PASS x", ["DB_PASS"]),
        ('ssh host "mysql -p$DB_PASS"', ["DB_PASS"]),
        ('TOKEN=$(curl -u "a:$DB_PASS" x)', ["DB_PASS"]),
        ('PGPASSWORD="$DB_PASS" psql -c "select 1"', []),
        ('echo "$DB_PASS" | docker login --password-stdin', []),
        ("printf '%s' \"$DB_PASS\" | gpg --passphrase-fd 0", []),
        ("cat <<EOF | mysql\nset password = '$DB_PASS'\nEOF", []),
        ('gpg --passphrase-fd 0 <<< "$DB_PASS"', []),
        ('export MYSQL_PWD="$DB_PASS"; X=$DB_PASS', []),
        ('[ -z "$DB_PASS" ] && exit 1; [[ -n $DB_PASS ]]; test -n "$DB_PASS"', []),
        ("echo 'mysql -p$DB_PASS'", []),
        ('login() { curl -d @- x; }; login "$DB_PASS"', []),
        ("echo ${#DB_PASS}", []),
        ("curl --cert $TOKEN_FILE -d $SECRET_NAME $NAMESPACE", []),
    ],
)
def test_a_secret_among_a_programs_arguments_is_found(script, names):
    assert [item.name for item in secret_on_command_line(script)] == names


def test_a_secret_that_was_named_is_told_apart_from_one_that_only_looks_like_it():
    assert [item.named for item in secret_on_command_line("x $DB_PASS")] == [False]
    (item,) = secret_on_command_line("/usr/bin/x $CODE $DB_PASS", frozenset({"CODE"}))
    assert (item.name, item.named, item.program) == ("CODE", True, "x")


@pytest.mark.parametrize(
    ("name", "secret"),
    [("DB_PASSWORD", True), ("TOKEN", True), ("AWS_SECRET_ACCESS_KEY", True), ("APIKEY", True), ("MYSQL_PWD", True),
     ("TOKEN_FILE", False), ("SECRET_NAME", False), ("PWD", False), ("OLDPWD", False), ("KEY", False), ("PASSENGER", False)],
)  # fmt: skip
def test_a_name_looks_secret_by_its_last_words(name, secret):
    assert looks_secret(name) is secret
