//! The policy file as it is written: one struct a table, one field a key.
//!
//! The struct is the one place that knows a key: reading, "did you mean", and the JSON Schema follow from it.
//! Not here: what a value means, and whether it is sensible.

mod access;
mod bounds;
mod read;
mod regions;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::{DeTable, DeValue};

pub(super) use access::{
    RawBearer, RawCertificates, RawClients, RawIdentity, RawIssuer, RawJwks, RawLogin, RawPassword, RawRole,
    RawTls, RawTlsMode, RawUnknown, RawUpstreamTls,
};
pub(super) use bounds::{RawLimits, RawTimeouts};
pub(super) use read::{At, Decimal, Entries, Node, Written};
use read::{TableReader, table, table_schema, words};
pub(super) use regions::{RawOtherRegions, RawRegion};

use super::report::{Problem, nearest};

table! {
    /// The policy file of sfumato.
    RawConfig {
        /// The keys for pseudonyms and tokens.
        optional keys: At<RawKeys>,
        /// Treatments by name, to say once and use in many places.
        optional treatments: Entries<At<RawTreatment>>,
        /// The data stores, each with a listener in front of it.
        optional stores: Vec<At<RawStore>>,
        /// Who is asking, and what changes for them.
        optional roles: Vec<At<RawRole>>,
        /// How long to wait, in every store that does not say otherwise.
        optional timeouts: RawTimeouts,
        /// How much to hold, in every store that does not say otherwise.
        optional limits: RawLimits,
        /// Health, metrics and the console.
        optional admin: RawAdmin,
        /// The record of who asked what.
        optional audit: RawAudit,
        /// What is told to a collector of OpenTelemetry.
        optional telemetry: RawTelemetry,
    }
}

table! {
    /// What is told to a collector of OpenTelemetry.
    RawTelemetry {
        /// Scheme, host and port of the collector, such as http://127.0.0.1:4318: each statement and exchange becomes a span, sent by OTLP over HTTP.
        required otlp: At<String>,
    }
}

table! {
    /// The keys for pseudonyms and tokens.
    RawKeys {
        /// The epoch under which new pseudonyms and tokens are made; one of the ring.
        required current: At<String>,
        /// Where the key of each epoch is.
        required ring: Entries<RawKeySource>,
    }
}

table! {
    /// Where a key is: 32 random bytes as base64 text, as `sfumato keygen` makes them.
    RawKeySource {
        /// A file with mode 0600 or 0400; a relative path counts from the policy file.
        optional file: At<String>,
        /// An environment variable.
        optional env: At<String>,
    }
}

table! {
    /// A data store and the listener in front of it.
    RawStore {
        /// A name of letters, digits, `-` and `_`.
        required name: At<String>,
        /// What the store speaks.
        required protocol: At<RawProtocol>,
        /// Address and port for clients, such as 127.0.0.1:8088; port 0 takes a free one.
        required listen: At<String>,
        /// http: scheme, host and port, such as http://127.0.0.1:9000. postgres: host:port, or the folder of a unix socket, with or without :port.
        required upstream: At<String>,
        /// What happens to values that no rule names; default scan: addresses, positions and e-mail addresses in texts are treated.
        optional unlisted: At<RawUnlisted>,
        /// postgres only: how a change of tables under a statement is noticed; default versioned.
        optional catalogue: At<RawCatalogue>,
        /// postgres only: whether statements get what only makes them fast; default fast.
        optional statements: At<RawStatements>,
        /// postgres only: whether INSERT, UPDATE and DELETE pass for tables in which nothing is protected; default refuse.
        optional writes: At<RawWrites>,
        /// TLS towards clients.
        optional tls: At<RawTls>,
        /// TLS towards the store. http: what is known of an https store besides the system's roots.
        optional upstream_tls: At<RawUpstreamTls>,
        /// http only: where the name of who asks comes from; without it nobody is a member of a role.
        optional identity: At<RawIdentity>,
        /// postgres only: where identities end at the proxy; else they pass through to the store.
        optional login: At<RawLogin>,
        /// What happens to which value. http: a JSONPath, `column:NAME` or `header:NAME`. postgres: schema.table.column.
        optional fields: Entries<At<RawTreatment>>,
        /// postgres only: for each schema.table where it stands in which region the person is whom a row is about.
        optional regions: Entries<At<RawRegion>>,
        /// http only: what may be asked. Any other route is refused.
        optional routes: Vec<At<RawRoute>>,
        /// How long to wait, in this store.
        optional timeouts: RawTimeouts,
        /// How much to hold, in this store.
        optional limits: RawLimits,
    }
}

words! {
    /// What a store speaks.
    RawProtocol { Http = "http", Postgres = "postgres", }
}

words! {
    /// What happens to values that no rule names.
    RawUnlisted { Scan = "scan", Pass = "pass", Suppress = "suppress", }
}

words! {
    /// How a change of tables under a statement is noticed.
    RawCatalogue { Versioned = "versioned", Strict = "strict", }
}

words! {
    /// How statements are sent to the store.
    RawStatements { Fast = "fast", Plain = "plain", }
}

words! {
    /// What happens to statements that write.
    RawWrites { Refuse = "refuse", Allow = "allow", }
}

words! {
    /// What happens to the body of a request.
    RawRequestBody { Refuse = "refuse", Treat = "treat", Pass = "pass", }
}

table! {
    /// What may be asked of an http store.
    RawRoute {
        /// Methods in upper case; default GET.
        optional methods: Vec<At<String>>,
        /// The path; `{name}` stands for one segment and is judged as the parameter of that name.
        required path: At<String>,
        /// Every parameter of the path and of the query, with the treatment against which a value is judged.
        optional params: Entries<At<RawTreatment>>,
        /// What happens to the body of a request; default refuse.
        optional body: RawRequestBody,
        /// Where an answer says in which region the person is whom a record is about: a JSONPath of names and `[*]`; or whom the answers are about.
        optional region: At<RawRegion>,
        /// Rules for the answers of this route, before those of the store.
        optional fields: Entries<At<RawTreatment>>,
    }
}

table! {
    /// Health, metrics and the console.
    RawAdmin {
        /// Address and port, such as 127.0.0.1:9464.
        required listen: At<String>,
        /// TLS towards whoever asks; with `client_ca` only who has a certificate may.
        optional tls: At<RawTls>,
    }
}

table! {
    /// The record of who asked what.
    RawAudit {
        /// The file, as JSON lines; a relative path counts from the policy file.
        required file: At<String>,
        /// When what is written has to be on the disk: before anybody is answered, every so often, or when the system sees fit; default interval.
        optional fsync: RawFsync,
        /// Milliseconds between two syncs; default 1000.
        optional fsync_interval_ms: At<u64>,
        /// What happens when a line cannot be written: nothing more is answered, or lines are counted as lost; default refuse.
        optional on_failure: RawOnFailure,
        /// Bytes from which on a file is put aside and the trail goes on in the next; no limit by default.
        optional max_file_bytes: At<u64>,
    }
}

words! {
    /// When what is written has to be on the disk.
    RawFsync { Always = "always", Interval = "interval", Never = "never", }
}

words! {
    /// What happens when a line of the audit trail cannot be written.
    RawOnFailure { Refuse = "refuse", Count = "count", }
}

/// What happens to a field: a word or a name, or a table.
#[derive(Clone, Debug)]
pub(super) enum RawTreatment {
    /// `suppress`, `scrub`, `pass`, or a name of `[treatments]`.
    Word(String),
    /// A treatment with its parameters.
    Table(Box<RawTreatmentTable>),
}

table! {
    /// A treatment with its parameters: exactly one of these keys.
    RawTreatmentTable {
        /// An address to its network.
        optional truncate: At<RawTruncate>,
        /// An identifier to a one-way keyed name.
        optional pseudonymize: RawDomain,
        /// An identifier to a keyed name that the proxy can turn back.
        optional tokenize: RawDomain,
        /// Latitude or longitude to the south-west corner of its cell.
        optional grid: RawGrid,
        /// A time to the beginning of its period, in UTC.
        optional floor: RawFloor,
        /// A number to the lower end of its bucket.
        optional bucket: RawBucket,
        /// Free text: what is found inside is treated in place.
        optional scrub: RawScrub,
        /// A constant.
        optional redact: RawRedact,
        /// postgres only: a treatment for each attribute of a composite type.
        optional fields: Entries<At<RawTreatment>>,
        /// postgres only: a treatment for each JSONPath of a document.
        optional json: Entries<At<RawTreatment>>,
    }
}

table! {
    /// An address to its network.
    RawTruncate {
        /// Bits that stay of an IPv4 address, 0 to 32.
        required ipv4: At<u64>,
        /// Bits that stay of an IPv6 address, 0 to 128.
        required ipv6: At<u64>,
        /// `network` (the default) writes 203.0.0.0/16, `address` writes 203.0.0.0.
        optional form: RawForm,
    }
}

words! {
    /// How a network is written.
    RawForm { Network = "network", Address = "address", }
}

table! {
    /// Whose identifier it is.
    RawDomain {
        /// Identifiers of one domain have the same name in every store.
        required domain: At<String>,
    }
}

table! {
    /// The size of a cell.
    RawGrid {
        /// Its edge in degrees.
        required degrees: At<Decimal>,
    }
}

table! {
    /// The length of a period.
    RawFloor {
        /// minute, hour, day, week, month, year, or a duration such as 15m.
        required to: At<String>,
    }
}

table! {
    /// The size of a bucket.
    RawBucket {
        /// Its width, in the unit of the value.
        required width: At<Decimal>,
    }
}

table! {
    /// What happens to each kind of finding in a text; what is not named is treated as by default.
    RawScrub {
        /// IPv4 and IPv6 addresses; default /16 and /32.
        optional ip: Box<At<RawTreatment>>,
        /// MAC addresses; default redacted.
        optional mac: Box<At<RawTreatment>>,
        /// Pairs of coordinates; default redacted.
        optional geo: Box<At<RawTreatment>>,
        /// E-mail addresses; default redacted.
        optional email: Box<At<RawTreatment>>,
    }
}

table! {
    /// A constant.
    RawRedact {
        /// The text that stands for every value.
        required with: String,
    }
}

impl Written for RawTreatment {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.value {
            DeValue::Table(_) => Written::read(node, problems).map(Self::Table),
            DeValue::String(text) => Some(Self::Word(text.clone().into_owned())),
            _ => {
                let message = "a treatment is a word, a name, or a table with its parameters";
                let problem = Problem::error(Some(node.span.clone()), &node.key, message);
                problems
                    .push(problem.help("write `\"suppress\"`, or `{ truncate = { ipv4 = 16, ipv6 = 32 } }`"));
                None
            }
        }
    }
}

impl JsonSchema for RawTreatment {
    fn schema_name() -> Cow<'static, str> {
        "Treatment".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What happens to a value.",
            "anyOf": [
                { "type": "string", "description": "suppress, scrub, pass, or a name of [treatments]" },
                generator.subschema_for::<RawTreatmentTable>(),
            ],
        })
    }
}

/// Reads the whole file. What is broken is `None`, and among the problems.
pub(super) fn read(source: &str, problems: &mut Vec<Problem>) -> Option<RawConfig> {
    let (table, errors) = DeTable::parse_recoverable(source);
    problems.extend(errors.iter().map(|error| Problem::error(error.span(), "", error.message())));
    let span = table.span();
    let value = DeValue::Table(table.into_inner());
    RawConfig::read(&Node { value: &value, span, key: String::new() }, problems)
}

/// The JSON Schema of the file (draft 2020-12), as text.
#[must_use]
pub fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    format!("{:#}\n", settings.into_generator().into_root_schema_for::<RawConfig>().as_value())
}
