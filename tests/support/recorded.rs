//! Files that people have read: what a test finds is compared with them, and written anew when that is asked for.

use std::collections::BTreeSet;
use std::path::Path;

/// Compares with what people have read; `SFUMATO_RECORD=1` writes it anew. `file` is seen from the package's folder.
pub fn recorded(file: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("SFUMATO_RECORD").is_some() {
        std::fs::write(&file, text).expect("the file is written");
    }
    let recorded = std::fs::read_to_string(&file).unwrap_or_default();
    let difference: Vec<&str> =
        words(text).symmetric_difference(&words(&recorded)).copied().take(50).collect();
    assert!(
        text == recorded,
        "{} is out of date; read what differs, then run again with SFUMATO_RECORD=1: {difference:?}",
        file.display()
    );
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split_ascii_whitespace().collect()
}
