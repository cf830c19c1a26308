//! Every input that fuzzing has found worth keeping, and every seed, by the functions that the fuzzers call
//! (`scripts/fuzz`): what a parser promises, on a text that is odd.

#[expect(unreachable_pub, reason = "a library of its own, fuzz/src/lib.rs")]
#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

#[test]
fn every_file_of_the_corpus_keeps_the_promises_of_its_parser() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in targets::TARGETS {
        let files: Vec<_> = std::fs::read_dir(corpus.join(name)).unwrap().collect();
        assert!((5..=200).contains(&files.len()), "{name}: {} files", files.len());
        for file in files {
            let path = file.unwrap().path();
            let data = std::fs::read(&path).unwrap();
            let judged = std::panic::catch_unwind(|| target(&data));
            assert!(judged.is_ok(), "{name} {}", path.display());
        }
    }
    let folders = std::fs::read_dir(&corpus).unwrap().count();
    assert_eq!(folders, targets::TARGETS.len(), "a corpus without a target");
}
