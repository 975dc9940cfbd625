-- One session a line. asyncpg and its pools, Npgsql, JDBC, Go's and Ruby's drivers, SQLAlchemy, pgbouncer, pgcli, Metabase, Grafana.
SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;
SELECT pg_advisory_unlock_all();
DISCARD ALL
DISCARD PLANS; DISCARD SEQUENCES; DISCARD TEMP; DISCARD TEMPORARY
CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP;RESET ALL
RESET SESSION AUTHORIZATION
SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *
SET extra_float_digits = 3; SET application_name = 'PostgreSQL JDBC Driver'
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; SHOW TRANSACTION ISOLATION LEVEL
SET client_encoding TO 'UTF8'; SET client_encoding = 'utf-8'; SET NAMES 'utf8'; SET client_encoding TO unicode
SET standard_conforming_strings = on; SET standard_conforming_strings TO true; SHOW standard_conforming_strings
SET standard_conforming_strings TO DEFAULT; RESET standard_conforming_strings; SET client_encoding TO DEFAULT
SET client_min_messages TO WARNING; SET datestyle TO ISO; SET intervalstyle = iso_8601; SET bytea_output = 'hex'
SET TIME ZONE 'UTC'; SET timezone TO 'Asia/Kathmandu'; SHOW timezone; SHOW TIME ZONE
SET statement_timeout = 0; SET lock_timeout TO '1s'; SET idle_in_transaction_session_timeout = 60000
SET synchronize_seqscans TO off; SET row_security = on; SET transform_null_equals = off
SET search_path TO shop, public; SHOW search_path; RESET search_path
SELECT current_setting('server_version_num'), current_setting('search_path'), version(), current_database(), session_user
SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new
SELECT set_config('statement_timeout', '5s', true), set_config('client_encoding', 'utf8', false)
SHOW server_version; SHOW standard_conforming_strings; SHOW max_identifier_length; SHOW is_superuser; SHOW transaction_read_only
SELECT pg_catalog.pg_is_in_recovery(), pg_backend_pid(), pg_postmaster_start_time(), pg_my_temp_schema(), pg_encoding_to_char(6)
SELECT now(), statement_timestamp(), clock_timestamp(), random(), gen_random_uuid(), timeofday(), setseed(0.5)
SELECT count(*) FROM shop.visits WHERE gen_random_uuid() IS NULL
SELECT 'shop.visits'::regclass, to_regclass('shop.nothing'), 'int4'::regtype, to_regtype('nothing'), 'shop'::regnamespace
SELECT age(now()), age('2024-01-01'::date), age(now(), now()), age(now()::timestamp)
SELECT age(n) FROM (VALUES (now())) v(n)
SELECT has_table_privilege('shop.visits', 'SELECT'), has_schema_privilege('shop', 'USAGE'), pg_has_role('postgres', 'MEMBER')
SELECT obj_description('shop.visits'::regclass), col_description('shop.visits'::regclass, 2), format_type(23, NULL)
SELECT pg_get_viewdef('shop.recent'::regclass), pg_get_functiondef('shop.twice'::regproc), pg_get_serial_sequence('shop.visits', 'id')
SELECT pg_get_constraintdef(oid), pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = 'shop.visits'::regclass
SELECT * FROM information_schema.columns WHERE table_schema = 'shop'; SELECT * FROM information_schema.sequences
SELECT * FROM pg_indexes WHERE schemaname = 'shop'; SELECT * FROM pg_sequences; SELECT * FROM pg_roles; SELECT * FROM pg_settings
SELECT * FROM pg_stat_user_tables; SELECT * FROM pg_statio_user_indexes; SELECT * FROM pg_stat_database; SELECT * FROM pg_class
SELECT name, current_setting(name) FROM pg_settings WHERE source <> 'default' ORDER BY 1
SELECT 'now'::timestamptz IS NULL, '{1,2}'::int[] @> ARRAY[1], '{"a": 1}'::jsonb @? '$.a', 'a b'::tsvector @@ 'a'::tsquery
SELECT jsonb_path_query('{"a": [1, 2]}', '$.a[*]'), array_position(ARRAY[1, 2], 2), xpath('/a', '<a/>'), pg_typeof(1)
SELECT * FROM json_to_record('{"a": 1}') AS r(a int); SELECT jsonb_populate_record(NULL::shop.spot, '{"lat": 1}')
SELECT ROW(1, '192.0.2.1')::shop.spot, 'good'::shop.mood, 'x'::shop.short, '{good}'::shop.mood[]
