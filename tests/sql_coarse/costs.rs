//! What expressions weigh and cost, for those who want to know: `cargo nextest run --run-ignored all costs`.

use std::sync::Arc;
use std::time::Instant;

use sfumato::kernel::Treatment;
use sfumato::policy::ColumnRule;

use crate::lab::{Lab, bucket, coarse_ip, floor, grid, plan, scalar, scrub};

#[test]
#[ignore = "a measurement"]
fn costs() {
    let Some(mut lab) = Lab::start() else { return };
    let document = r#"{"ip": "203.0.113.7", "user": {"id": "u-1"}, "geo": {"lat": 52.5201, "lon": 13.4051}, "path": [{"hop": "198.51.100.1"}, {"hop": "192.0.2.1"}], "agent": "curl/8.1"}"#;
    let pass = Treatment::Pass;
    let json = |plan| ColumnRule::Json(Arc::new(plan));
    let fixed = [
        ("$.ip", coarse_ip()),
        ("$.geo.lat", grid("0.1")),
        ("$.geo.lon", grid("0.1")),
        ("$.path[*].hop", coarse_ip()),
    ];
    let columns: Vec<(&str, &str, &str, ColumnRule)> = vec![
        ("truncate", "inet", "203.0.113.7", scalar(&coarse_ip())),
        ("truncate", "text", "203.0.113.7", scalar(&coarse_ip())),
        ("truncate v6", "text", "2001:db8:1::7", scalar(&coarse_ip())),
        ("grid", "float8", "52.5201", scalar(&grid("0.1"))),
        ("bucket", "numeric(10,2)", "1234.56", scalar(&bucket("100"))),
        ("bucket", "int8", "123456", scalar(&bucket("100"))),
        ("floor hour", "timestamptz", "2024-01-03 10:15:30+00", scalar(&floor("hour"))),
        ("floor month", "timestamptz", "2024-01-03 10:15:30+00", scalar(&floor("month"))),
        ("floor", "text", "2024-01-03T10:15:30Z", scalar(&floor("hour"))),
        ("truncate", "inet[]", "{203.0.113.7,198.51.100.1}", scalar(&coarse_ip())),
        ("scrub nothing", "text", "password reset done for the second time", scalar(&scrub())),
        ("scrub address", "text", "ticket 1007: timeout from 203.0.113.7 via vpn", scalar(&scrub())),
        ("fixed paths", "jsonb", document, json(plan(&pass, &fixed))),
        (
            "descendants",
            "jsonb",
            document,
            json(plan(&pass, &[("$..ip", coarse_ip()), ("$..lat", grid("0.1"))])),
        ),
        ("scan", "jsonb", document, json(plan(&scrub(), &[("$.ip", coarse_ip())]))),
    ];
    for (what, type_name, value, rule) in columns {
        lab.column(type_name, &[value]);
        let table = lab.table(type_name);
        lab.client.rows(&format!("INSERT INTO {table} (v) SELECT v FROM {table}, generate_series(1, 10000) WHERE v IS NOT NULL; ANALYZE {table}"));
        let sql = lab.coarse(type_name, &rule).unwrap().sql;
        let mut seconds = |expression: &str| {
            let query = format!("SELECT count({expression}) FROM {table} AS \"t\"");
            lab.client.rows(&query);
            let begun = Instant::now();
            lab.client.rows(&query);
            begun.elapsed().as_secs_f64()
        };
        let raw = seconds("\"t\".\"v\"");
        let coarse = seconds(&sql);
        let begun = Instant::now();
        lab.client.rows(&format!("EXPLAIN SELECT {sql} FROM {table} AS \"t\""));
        let planned = begun.elapsed().as_secs_f64();
        println!(
            "{what:14} {type_name:14} {:6} bytes  {:7.3} us a row  planned in {:.1} ms",
            sql.len(),
            (coarse - raw) * 100.0,
            planned * 1000.0
        );
    }
}
