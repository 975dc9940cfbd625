"""The same statements in two sessions, one of the proxy and one of the store, in queries and pipelines that are drawn at
random. What the proxy refuses fails in the other session too; all else must have the same answer. Prints what differs."""

import random
import sys

import psycopg
from psycopg import pq

proxy, store, rounds = sys.argv[1:4]
REFUSED = b"refused by sfumato"

ENDS = ["COMMIT", "ROLLBACK"]
STATEMENTS = [
    "SET search_path TO a", "SET search_path = b, a", "SET search_path = 'trap', \"a\"", "SET search_path = nowhere, b",
    "SET search_path = pg_catalog, a, pg_catalog", "SET search_path TO b, pg_catalog",
    "SET LOCAL search_path TO a", "SET LOCAL search_path = b", "SET LOCAL search_path = trap",
    "SET LOCAL search_path TO DEFAULT", "SET search_path TO DEFAULT", "RESET search_path", "RESET ALL", "SET SCHEMA 'b'",
    "BEGIN", "BEGIN", "COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE s",
    "SELECT 1/0", "PREPARE p AS SELECT told FROM t", "DEALLOCATE p", "EXECUTE p",
    "DECLARE c SCROLL CURSOR FOR SELECT told FROM t", "FETCH FIRST FROM c", "CLOSE c", "SHOW search_path", "DISCARD ALL",
    "SELECT current_setting('search_path')", "SELECT 'a'::text = ANY (ARRAY['b'::text])",
] + ["SELECT told FROM t"] * 12


def connect(port):
    session = psycopg.connect(host="127.0.0.1", port=port, user="employee", dbname="postgres", autocommit=True)
    return session.pgconn


def said(result):
    if result.status == pq.ExecStatus.FATAL_ERROR:
        code = result.error_field(pq.DiagnosticField.SQLSTATE)
        text = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
        is_ours = code == b"0A000" and (b"search_path" in text or b"cached plan" in text or b"EXECUTE" in text)
        return "refused" if is_ours else "error " + (code or b"").decode()
    rows = [result.get_value(i, 0) for i in range(result.ntuples)]
    return f"{pq.ExecStatus(result.status).name} {(result.command_status or b'').decode()} {rows}"


def answers(session):
    told = []
    while True:
        result = session.get_result()
        if result is None:
            return told
        told.append(said(result))


def query(session, statements):
    session.send_query("; ".join(statements).encode())
    return answers(session)


def pipeline(session, items):
    """Items are statements, or (name, statement) to be prepared, or (name,) to be run."""
    session.enter_pipeline_mode()
    for item in items:
        match item:
            case (name, statement):
                session.send_prepare(name, statement)
            case (name,):
                session.send_query_prepared(name, [])
            case statement:
                session.send_query_params(statement, [])
    session.pipeline_sync()
    told = []
    while True:
        result = session.get_result()
        if result is None:
            continue
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            break
        told.append(said(result))
    session.exit_pipeline_mode()
    return told


def draw(chance, prepared):
    kind = chance.random()
    if kind < 0.5:
        return "query", [chance.choice(STATEMENTS) for _ in range(chance.choice([1, 1, 2, 2, 3, 4, 6]))]
    items = []
    for _ in range(chance.choice([1, 2, 3, 5])):
        statement = chance.choice(STATEMENTS).encode()
        which = chance.random()
        if which < 0.2 and len(prepared) < 60:
            prepared.append(b"n%d" % len(prepared))
            items.append((prepared[-1], statement))
        elif which < 0.4 and prepared:
            items.append((chance.choice(prepared),))
        else:
            items.append(statement)
    return "pipeline", items


def run(seed):
    chance = random.Random(seed)
    ours, theirs = connect(proxy), connect(store)
    counts, prepared, history = [0, 0], [], []
    for _ in range(25):
        how, items = draw(chance, prepared)
        history.append(items)
        ask = query if how == "query" else pipeline
        got = ask(ours, items)
        if "refused" in got:
            counts[1] += 1
            if how == "query":
                items = [REFUSED.decode()]
                got = ["error 42601"]
            else:
                items = [*items[: got.index("refused")], REFUSED, *items[got.index("refused") + 1 :]]
                got = ["error 42601" if one == "refused" else one for one in got]
        else:
            counts[0] += 1
        expected = ask(theirs, items)
        if got != expected:
            print(f"seed {seed}: {history}\n  proxy {got}\n  store {expected}", flush=True)
            return counts
        if ours.transaction_status != theirs.transaction_status:
            print(f"seed {seed}: another state after {history}", flush=True)
            return counts
    ours.finish()
    theirs.finish()
    return counts


total = [0, 0]
for seed in range(int(rounds)):
    answered, refused = run(seed)
    total[0] += answered
    total[1] += refused
print("answered", total[0], "refused", total[1])
