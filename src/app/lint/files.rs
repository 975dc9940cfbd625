//! Whether as many connections as a policy allows fit in what the system lets a process open.

use crate::app::config::{Config, Problem};

/// A note if the connections of all stores, and as many to them, are more than `limit` files.
#[must_use]
pub fn open_files(config: &Config, limit: Option<u64>) -> Option<Problem> {
    let limit = limit?;
    let places = config.stores.iter().map(|store| store.limits.max_connections);
    let clients = u64::try_from(places.fold(0, usize::saturating_add)).unwrap_or(u64::MAX);
    let wanted = clients.saturating_mul(2);
    if wanted <= limit {
        return None;
    }
    let message = format!(
        "`max_connections` allows {clients} clients, which take {wanted} open files with the connections to the stores, and the \
         system allows {limit}"
    );
    let help = format!(
        "raise the hard limit of open files (`LimitNOFILE={wanted}` for systemd, `ulimit -Hn`), or lower `max_connections`: clients \
         beyond it are not answered"
    );
    Some(Problem::note(None, "limits", message).help(help))
}
