-- What tools ask of the catalogue, in shapes of our own: pickers of tables, loaders of types, editors of queries.
SELECT n.nspname AS schema, c.relname AS name, obj_description(c.oid, 'pg_class') AS description, stat.n_live_tup AS estimated_row_count
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
  LEFT JOIN pg_stat_user_tables stat ON n.nspname = stat.schemaname AND c.relname = stat.relname
 WHERE c.relnamespace = n.oid AND n.nspname !~ '^information_schema|catalog_history|pg_' AND c.relkind IN ('r', 'p', 'v', 'f', 'm');
SELECT c.relname, has_table_privilege(current_user, c.oid, 'SELECT'), has_any_column_privilege(c.oid, 'SELECT'),
       pg_catalog.has_schema_privilege(current_user, 'shop', 'USAGE') FROM pg_class c LIMIT 5;
WITH table_privileges AS (SELECT NULL AS role, t.schemaname AS schema, t.objectname AS table,
       pg_catalog.has_any_column_privilege(current_user, format('%I.%I', t.schemaname, t.objectname), 'update') AS update
  FROM (SELECT schemaname, tablename AS objectname FROM pg_catalog.pg_tables UNION SELECT schemaname, viewname FROM pg_views
        UNION SELECT schemaname, matviewname FROM pg_matviews) t WHERE t.schemaname NOT LIKE 'pg_%')
SELECT * FROM table_privileges WHERE update;
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid
  FROM (SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid,
               CASE WHEN elemproc.proname = 'array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype
          FROM (SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid,
                       CASE WHEN proc.proname = 'array_recv' THEN 'a' ELSE typ.typtype END AS typtype
                  FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
                  LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)) AS typ
          LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemoid LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive) AS t
  JOIN pg_namespace AS ns ON (ns.oid = typnamespace) WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR typtype = 'c' AND relkind = 'c';
SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid ORDER BY oid, enumsortorder;
SELECT db.oid, db.*, pg_catalog.pg_encoding_to_char(db.encoding) FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate;
SELECT current_schema(), session_user;
SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords() WHERE word <> ALL ('{a,abs,absolute}'::text[]);
SELECT setting FROM pg_catalog.pg_settings WHERE name = 'standard_conforming_strings';
SELECT c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key,
       pg_catalog.pg_total_relation_size(c.oid) AS size, age(now())
  FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
 WHERE c.relnamespace = 'shop'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c');
SELECT c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value, dsc.description, dep.objid
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
  LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
  LEFT OUTER JOIN pg_catalog.pg_description dsc ON c.oid = dsc.objoid AND a.attnum = dsc.objsubid
  LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
 WHERE NOT a.attisdropped AND c.relkind NOT IN ('i', 'I', 'c') AND a.attnum > 0 ORDER BY a.attnum;
SELECT p.oid, p.*, pg_catalog.pg_get_functiondef(p.oid), pg_catalog.pg_get_function_identity_arguments(p.oid), pg_get_userbyid(p.proowner)
  FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'shop'::regnamespace AND p.prokind <> 'a';
SELECT t.oid, t.*, pg_catalog.pg_get_triggerdef(t.oid), pg_catalog.pg_get_ruledef(r.oid, true), pg_get_viewdef(c.oid, true)
  FROM pg_catalog.pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid LEFT JOIN pg_rewrite r ON r.ev_class = c.oid;
SELECT i.relname, pg_catalog.pg_get_indexdef(i.oid, 0, true), am.amname, pg_catalog.array_to_string(i.reloptions, ',')
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am am ON am.oid = i.relam WHERE x.indrelid = 'shop.visits'::regclass;
SELECT quote_ident(table_name) AS "table" FROM information_schema.tables
 WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache') AND
       CASE WHEN array_length(regexp_split_to_array('shop', '\.'), 1) = 2 THEN true
            ELSE quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
                   FROM generate_series(array_lower(string_to_array(current_setting('search_path'), ','), 1), array_upper(string_to_array(current_setting('search_path'), ','), 1)) AS i,
                        string_to_array(current_setting('search_path'), ',') s) END;
SELECT current_setting('server_version_num')::int / 100 AS version, extversion FROM pg_extension WHERE extname = 'timescaledb';
SELECT column_name, ordinal_position, is_nullable, data_type, CASE WHEN (data_type LIKE '%unsigned%') THEN data_type || ' unsigned' ELSE data_type END
  FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'visits';
SELECT rc.constraint_name, kcu.column_name, ccu.table_name FROM information_schema.referential_constraints rc
  JOIN information_schema.key_column_usage kcu USING (constraint_name) JOIN information_schema.constraint_column_usage ccu USING (constraint_name);
SELECT r.routine_name, r.data_type, p.parameter_name FROM information_schema.routines r LEFT JOIN information_schema.parameters p USING (specific_name);
SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 'pg!_%' ESCAPE '!';
