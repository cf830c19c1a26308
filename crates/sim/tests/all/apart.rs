//! The judge and the model share no code with what they judge.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn judge_and_model_know_nothing_of_the_product() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![
        root.join("judge.rs"),
        root.join("model.rs"),
        root.join("scenario.rs"),
    ];
    sources(&root.join("judge"), &mut found);
    sources(&root.join("model"), &mut found);
    assert!(found.len() > 10);
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        for product in ["protector_core", "protector_coordinator", "protector_sidecar"] {
            assert!(!text.contains(product), "{} uses {product}", path.display());
        }
    }
}
