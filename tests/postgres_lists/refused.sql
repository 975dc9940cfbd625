-- SQLSTATE, then the statement. Raw widths, stored bytes, sizes.
42501 SELECT pg_column_size(ip) FROM shop.visits
42501 SELECT pg_column_size(v) FROM shop.visits v
42501 SELECT currtid2('shop.visits', '(0,1)')
42501 SELECT pg_filenode_relation(0, 1)
-- Positions that all sessions share.
42501 SELECT age(xmin) FROM pg_namespace
42501 SELECT age($$1$$::xid)
42501 SELECT age(NULL::xid)
42501 SELECT mxid_age($$1$$::xid)
42501 SELECT txid_current()
42501 SELECT pg_current_xact_id_if_assigned()
42501 SELECT pg_current_snapshot()
42501 SELECT pg_snapshot_xmin($$1:1:$$::pg_snapshot)
42501 SELECT pg_xact_commit_timestamp($$1$$::xid)
42501 SELECT nextval('shop.tickets')
42501 SELECT currval('shop.tickets')
42501 SELECT lastval()
42501 SELECT setval('shop.tickets', 7)
42501 SELECT last_value FROM shop.tickets
42501 SELECT pg_current_wal_lsn()
42501 SELECT pg_walfile_name($$0/1$$::pg_lsn)
-- The order of reading.
42501 SELECT random() FROM shop.visits
42501 SELECT id FROM shop.visits ORDER BY random() LIMIT 1
42501 SELECT (SELECT random()) FROM shop.visits
42501 SELECT clock_timestamp(), ip FROM shop.visits
42501 SELECT timeofday() FROM shop.visits
42501 SELECT setseed(0.5) FROM shop.visits
42501 WITH r AS (SELECT random() AS n) SELECT n, ip FROM r, shop.visits
42501 SELECT random() FROM shop.recent
42703 SELECT ctid FROM shop.visits
42703 SELECT xmin FROM shop.visits
42501 SELECT 1 FROM shop.visits TABLESAMPLE bernoulli (50)
-- Other sessions, the server, secrets.
42501 SELECT inet_server_addr(), inet_server_port()
42501 SELECT inet_client_addr(), inet_client_port()
42501 SELECT * FROM pg_stat_activity
42501 SELECT * FROM pg_locks
42501 SELECT * FROM pg_cursors
42501 SELECT * FROM pg_prepared_statements
42501 SELECT * FROM pg_shadow
42501 SELECT * FROM pg_authid
42501 SELECT * FROM pg_stats
42501 SELECT * FROM pg_statistic_ext_data
42501 SELECT * FROM pg_largeobject
42501 SELECT pg_sleep(1)
42501 SELECT pg_advisory_lock(1)
42501 SELECT pg_try_advisory_xact_lock(1)
42501 SELECT pg_notify('a', 'b')
42501 SELECT pg_stat_get_blocks_hit(1)
42501 SELECT pg_ls_dir('.')
42501 SELECT pg_read_file('PG_VERSION')
42501 SELECT lo_get(1)
42501 SELECT current_query()
-- Texts that are run.
42501 SELECT query_to_xml('TABLE shop.visits', true, true, '')
42501 SELECT table_to_xml('shop.visits', true, true, '')
42501 SELECT ts_stat('SELECT 1')
42501 SELECT ts_rewrite('a'::tsquery, 'SELECT 1')
42501 SELECT ts_rewrite('a', 'SELECT $$b$$::tsquery, $$c$$::tsquery')
-- Code of users.
42501 SELECT shop.twice(1)
42501 SELECT shop.looks(1)
42501 SELECT 1::shop.looking
42501 SELECT '(1,2)'::shop.with_domain
42501 SELECT jsonb_populate_record(NULL::shop.with_domain, '{"b": 1}')
42501 SELECT * FROM jsonb_to_record('{"b": 1}') AS r(b shop.looking)
42501 SELECT '{1}'::shop.looking[]
-- Settings.
42501 SET client_encoding TO 'SJIS'
42501 SET client_encoding TO SQL_ASCII
42501 SET NAMES 'latin1'
42501 SET standard_conforming_strings = off
42501 SET synchronize_seqscans = on
42501 SET bytea_output = 'escape'
42501 SET client_min_messages = debug5
42501 SET enable_indexscan = off
42501 SET ROLE postgres
0A000 SET my.variable = 1
0A000 SHOW data_directory
0A000 SHOW ALL
0A000 SELECT current_setting('data_directory')
42501 SELECT set_config('client_encoding', 'SJIS', false)
42501 SELECT set_config('enable_seqscan', 'off', false)
0A000 SELECT set_config('search_path', 'shop', false)
0A000 SELECT set_config('application_name', ip::text, false) FROM shop.visits
0A000 SELECT set_config(name, 'off', false) FROM pg_settings
-- Statements.
42501 LISTEN x
42501 NOTIFY x
42501 LOCK TABLE shop.visits
42501 DO $$ BEGIN END $$
0A000 SELECT 1 INTO shop.copy
42501 INSERT INTO shop.orders VALUES (1, 1)
42501 VACUUM shop.visits
