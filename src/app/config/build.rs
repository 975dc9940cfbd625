//! The door: a file in, a [`Config`] or everything that is wrong with it out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;

use super::admission::{self, Admission};
use super::raw::{self, At, RawConfig, RawRole, RawStore};
use super::report::{Place, Problem, Report};
use super::stores::{OfRoles, RoleFields};
use super::tls::Desk;
use super::treatments::Treatments;
use super::world::World;
use super::{Admin, Config, Limits, Store, Timeouts, addresses, audit, keys, regions, stores};
use crate::audit::MacKey;
use crate::policy::{MemberPattern, Role};

/// The text of a policy file.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, as the operator named it.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl Source {
    /// Where a span of bytes begins.
    #[must_use]
    pub fn place(&self, span: &Range<usize>) -> Option<Place> {
        let before = self.text.get(..span.start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let column = before.get(line_start..)?.chars().count().saturating_add(1);
        Some(Place { line: before.matches('\n').count().saturating_add(1), column })
    }
}

/// Why there is no [`Config`].
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("the policy file `{name}` cannot be read: {cause}")]
    Unreadable {
        /// The file.
        name: String,
        /// What the system says.
        cause: std::io::ErrorKind,
    },
    /// The file is not UTF-8.
    #[error("the policy file `{0}` is not UTF-8 text")]
    NotText(String),
    /// It says what cannot be.
    #[error("the policy file `{}` has {} to mend", .0.name(), errors(.0.problems().len()))]
    Invalid(Report),
}

fn errors(count: usize) -> String {
    if count == 1 { "one error".to_owned() } else { format!("{count} errors") }
}

/// The keys of the audit trail's MACs that a policy file names; what else it says is neither loaded nor checked, so that whoever
/// checks a trail needs no certificate, verifier or password.
///
/// # Errors
/// [`LoadError`]; what is wrong with `[keys]` is in one report.
pub fn audit_keys(path: &Path, world: &impl World) -> Result<Vec<MacKey>, LoadError> {
    let (source, folder) = read(path, world)?;
    let mut problems = Vec::new();
    let raw = raw::read(&source.text, &mut problems);
    problems.retain(|problem| problem.key.is_empty() || problem.key.starts_with("keys"));
    let keys = keys::load(raw.as_ref().and_then(|raw| raw.keys.as_ref()), folder, world, &mut problems);
    match problems.is_empty() {
        true => Ok(audit::mac_keys(&keys)),
        false => Err(LoadError::Invalid(Report::new(&source, problems))),
    }
}

/// The text of a policy file, and the folder from which its relative paths count.
fn read<'a>(path: &'a Path, world: &impl World) -> Result<(Source, &'a Path), LoadError> {
    let name = path.display().to_string();
    let content = world.read(path);
    let content =
        content.map_err(|error| LoadError::Unreadable { name: name.clone(), cause: error.kind() })?;
    let text = std::str::from_utf8(&content.bytes).map_err(|_| LoadError::NotText(name.clone()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok((Source { name, text: text.to_owned() }, folder))
}

impl Config {
    /// Loads a policy file, with the keys that it names.
    ///
    /// # Errors
    /// [`LoadError`]; everything that is wrong with the file is in one report.
    pub fn load(path: &Path, world: &impl World) -> Result<Self, LoadError> {
        let (source, folder) = read(path, world)?;
        Self::parse(&source, folder, world).map_err(LoadError::Invalid)
    }

    /// Reads a policy from its text; relative paths in it count from `folder`.
    ///
    /// # Errors
    /// A [`Report`] of everything that is wrong with it.
    pub fn parse(source: &Source, folder: &Path, world: &impl World) -> Result<Self, Report> {
        let mut problems = Vec::new();
        let config = raw::read(&source.text, &mut problems)
            .and_then(|raw| build(&raw, source, folder, world, &mut problems));
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Report::new(source, problems)),
        }
    }
}

fn build(
    raw: &RawConfig,
    source: &Source,
    folder: &Path,
    world: &impl World,
    problems: &mut Vec<Problem>,
) -> Option<Config> {
    let keys = keys::load(raw.keys.as_ref(), folder, world, problems);
    let mac_keys = audit::mac_keys(&keys);
    let written = raw.treatments.as_ref().map_or(&[][..], |entries| entries.0.as_slice());
    let mut treatments = Treatments::new(written, keys, problems);
    let bounds = (
        Timeouts::default().with(raw.timeouts.as_ref(), problems),
        Limits::default().with(raw.limits.as_ref(), problems),
    );
    let raw_stores = raw.stores.as_deref().unwrap_or_default();
    let raw_roles = raw.roles.as_deref().unwrap_or_default();
    if raw_stores.is_empty() && !problems.iter().any(|problem| problem.key.starts_with("stores")) {
        let problem = Problem::error(None, "stores", "the file names no store");
        problems.push(problem.help("add `[[stores]]` with name, protocol, listen and upstream"));
    }
    let desk = Desk { folder, world };
    let bindings = regions::bindings(raw_roles, problems);
    let mut stores: Vec<Store> = Vec::new();
    for raw in raw_stores {
        let roles = OfRoles {
            names: raw_roles
                .iter()
                .filter_map(|role| Some(role.value.name.as_ref()?.value.as_str()))
                .collect(),
            fields: role_fields(raw, raw_roles),
            bindings: &bindings,
            admission: Admission::of(&raw.value, raw_roles),
        };
        stores.extend(stores::store(raw, &roles, bounds, &desk, &mut treatments, problems));
    }
    repeated(
        raw_stores.iter().filter_map(|raw| raw.value.name.as_ref()),
        "another store has the name",
        problems,
    );
    repeated(
        raw_roles.iter().filter_map(|raw| raw.value.name.as_ref()),
        "another role has the name",
        problems,
    );
    let roles = raw_roles.iter().filter_map(|raw| role(raw, raw_stores, &mut treatments, problems)).collect();
    let admin = raw.admin.as_ref().and_then(|admin| admin.listen.as_ref());
    let listeners = raw_stores.iter().filter_map(|raw| raw.value.listen.as_ref()).chain(admin);
    one_listener_each(listeners, problems);
    let admin =
        admin.and_then(|written| addresses::listen(written).map_err(|problem| problems.push(problem)).ok());
    let admin_tls = raw.admin.as_ref().and_then(|admin| admin.tls.as_ref());
    let admin_tls = admin_tls.map(|written| stores::whole_tls(written, &desk, problems));
    let audit = audit::audit(raw.audit.as_ref(), folder, problems);
    let collector = raw.telemetry.as_ref().and_then(|telemetry| telemetry.otlp.as_ref());
    let collector = collector
        .and_then(|written| addresses::collector(written).map_err(|problem| problems.push(problem)).ok());
    Some(Config {
        stores,
        roles,
        bindings,
        admin: admin.map(|listen| Admin { listen, tls: admin_tls.flatten() }),
        audit,
        collector,
        mac_keys,
        treatments: treatments.into_facts(),
        source: source.clone(),
    })
}

/// What the roles of the file change in one store.
fn role_fields<'a>(store: &At<RawStore>, roles: &'a [At<RawRole>]) -> RoleFields<'a> {
    let store = store.value.name.as_ref().map(|name| name.value.as_str());
    let mut found = BTreeMap::new();
    for role in roles {
        let Some(name) = &role.value.name else { continue };
        let stores = role.value.fields.iter().flat_map(|stores| &stores.0);
        for (_, fields) in stores.filter(|(written, _)| Some(written.value.as_str()) == store) {
            found.extend(fields.as_ref().map(|fields| (name.value.as_str(), fields)));
        }
    }
    found
}

fn role(
    raw: &At<RawRole>,
    stores: &[At<RawStore>],
    treatments: &mut Treatments<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Role> {
    let names = admission::names_of(stores);
    for (written, fields) in raw.value.fields.iter().flat_map(|stores| &stores.0) {
        if !names.contains(&written.value.as_str()) {
            for (_, treatment) in fields.iter().flat_map(|fields| &fields.0) {
                treatment.iter().for_each(|treatment| drop(treatments.resolve(treatment, problems)));
            }
            problems.push(admission::unknown(written, "store", &names));
        }
    }
    admission::check(&raw.value, stores, problems);
    let members = raw.value.members.iter().flatten().filter_map(|member| {
        let pattern = MemberPattern::new(&member.value);
        if pattern.is_none() {
            problems.push(
                member
                    .problem("a member has a name")
                    .help("write a user name, a pattern such as `oncall-*`, or `group:analysts`"),
            );
        }
        pattern
    });
    let members = members.collect();
    let name = raw.value.name.as_ref()?;
    if name.value.is_empty() {
        problems.push(name.problem("a role has a name"));
    }
    Some(Role { name: name.value.clone(), members })
}

/// Reports every name that was there before.
fn repeated<'a>(names: impl Iterator<Item = &'a At<String>>, message: &str, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.value.as_str()) {
            problems.push(name.problem(format!("{message} `{}`", name.value)).help("choose another name"));
        }
    }
}

/// Reports every address that was there before; port 0 is never the same twice.
fn one_listener_each<'a>(listeners: impl Iterator<Item = &'a At<String>>, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for written in listeners {
        let Ok(address) = written.value.parse::<SocketAddr>() else { continue };
        if address.port() != 0 && !seen.insert(address) {
            let problem = written.problem(format!("another listener has `{address}` already"));
            problems.push(problem.help("give each store a port of its own"));
        }
    }
}
