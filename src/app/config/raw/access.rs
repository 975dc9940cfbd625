//! Who comes in, over what line: the tables of a store that say so.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::read::{At, Entries, Node, TableReader, Written, table, table_schema, words};
use super::{RawOtherRegions, RawTreatment};
use crate::app::config::report::{Problem, nearest};

table! {
    /// TLS towards clients.
    RawTls {
        /// require (the default) refuses plain connections; allow, for postgres only, takes them too.
        optional mode: At<RawTlsMode>,
        /// A PEM file: our certificate, then those that lead to an authority that clients know.
        required certificate: At<String>,
        /// A PEM file with its key, with mode 0600 or 0400.
        required key: At<String>,
        /// A PEM file: authorities whose certificates clients show.
        optional client_ca: At<String>,
        /// Whether a client must show one; default require where there is a client_ca.
        optional clients: At<RawClients>,
    }
}

words! {
    /// Whether plain connections are taken.
    RawTlsMode { Require = "require", Allow = "allow", }
}

words! {
    /// Whether clients must show a certificate.
    RawClients { Require = "require", Ask = "ask", }
}

table! {
    /// TLS towards the store: its certificate is always verified.
    RawUpstreamTls {
        /// A PEM file: authorities that may vouch for the store; default those of the system.
        optional ca: At<String>,
        /// What the store's certificate is made out to; default the host of upstream.
        optional server_name: At<String>,
        /// SHA-256 of the store's certificate (DER) in hexadecimal: it is known by this alone, in place of ca and server_name.
        optional pin: At<String>,
        /// A PEM file: the certificate that the store is shown.
        optional certificate: At<String>,
        /// A PEM file with its key, with mode 0600 or 0400.
        optional key: At<String>,
    }
}

table! {
    /// postgres only: identities end at the proxy, and one account stands for all of them at the store.
    RawLogin {
        /// A file of names and SCRAM-SHA-256 verifiers, as `sfumato passwd` makes it, with mode 0600 or 0400.
        optional verifiers: At<String>,
        /// Whether a certificate that client_ca vouches for is proof of the name in it; default refuse.
        optional certificates: At<RawCertificates>,
        /// The account at the store.
        required service: At<RawService>,
    }
}

words! {
    /// Whether a certificate is proof of a name.
    RawCertificates { Refuse = "refuse", Accept = "accept", }
}

table! {
    /// The account that the store knows.
    RawService {
        /// The database user.
        required user: At<String>,
        /// Its password, if the store asks for one.
        optional password: RawPassword,
    }
}

table! {
    /// Where a password is.
    RawPassword {
        /// A file with mode 0600 or 0400, of which the first line counts.
        optional file: At<String>,
        /// An environment variable.
        optional env: At<String>,
    }
}

table! {
    /// http only: where the name of who asks comes from.
    RawIdentity {
        /// Whether the name in a certificate that client_ca vouches for is taken; default refuse.
        optional certificates: At<RawCertificates>,
        /// A header in which the peers of `from` name who asks; from anybody else it is refused.
        optional header: At<String>,
        /// Networks of peers that may speak for others, such as 10.0.0.0/8.
        optional from: Vec<At<String>>,
        /// Signed tokens (JWT) in `Authorization: Bearer` that name who asks.
        optional bearer: At<RawBearer>,
        /// What happens to requests that name nobody: serve (the default) by the plain fields of the store, or refuse.
        optional unknown: At<RawUnknown>,
    }
}

words! {
    /// What happens to requests that name nobody.
    RawUnknown { Serve = "serve", Refuse = "refuse", }
}

table! {
    /// Which tokens are believed.
    RawBearer {
        /// The public keys of the issuer, as a JSON Web Key Set: a file, or where to fetch them.
        required jwks: RawJwks,
        /// Who must have issued a token (`iss`).
        required issuer: At<String>,
        /// For whom a token must be made (`aud`).
        required audience: At<String>,
        /// How it may be signed: RS256, RS384, RS512, PS256, ES256, ES384, EdDSA.
        required algorithms: Vec<At<String>>,
        /// The claim that has the name; default sub.
        optional claim: At<String>,
        /// The claim that has the groups, for members such as `group:analysts`; none by default.
        optional groups_claim: At<String>,
    }
}

table! {
    /// Who is asking, and what changes for them.
    RawRole {
        /// Its name.
        required name: At<String>,
        /// User names, or group:, email:, uri:, dns:, unit: and what it is; `*` stands for any characters.
        required members: Vec<At<String>>,
        /// For each store the fields that are treated otherwise for this role.
        optional fields: Entries<Entries<At<RawTreatment>>>,
        /// The stores that it uses; without it all. Where a role has it, whoever has no role uses none.
        optional stores: Vec<At<String>>,
        /// For http stores, the paths of the routes that it uses; of other stores all. Where a role has it, whoever has no role uses none of that store's.
        optional routes: Entries<Vec<At<String>>>,
        /// The regions whose rows it reads, as the stores spell them; without it all. Where a role has it, whoever has no role reads no region.
        optional regions: Vec<At<String>>,
        /// What happens to rows of other regions: they are not there, or without their protected fields, or by the plain fields of the store; default withhold.
        optional other_regions: At<RawOtherRegions>,
    }
}

/// Keys of an issuer: in a file, or fetched.
#[derive(Clone, Debug)]
pub(in crate::app::config) enum RawJwks {
    /// A file.
    File(At<String>),
    /// From there.
    Fetched(At<RawIssuer>),
}

table! {
    /// Where an issuer publishes its keys.
    RawIssuer {
        /// The address of the set; https, but for servers on this machine.
        required url: At<String>,
        /// A PEM file: authorities that may vouch for the server; default those of the system.
        optional ca: At<String>,
        /// How long a set is good, in seconds, 10 at least; default 300.
        optional refresh_s: At<u64>,
    }
}

impl Written for RawJwks {
    fn read(node: &Node<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        match node.value {
            DeValue::Table(_) => At::read(node, problems).map(Self::Fetched),
            _ => At::read(node, problems).map(Self::File),
        }
    }
}

impl JsonSchema for RawJwks {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Jwks".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fetched = generator.subschema_for::<RawIssuer>();
        json_schema!({ "anyOf": [{ "type": "string" }, fetched] })
    }
}
