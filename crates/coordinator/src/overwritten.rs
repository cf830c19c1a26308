//! What a text was written over: the versions between the one on which it is based and its own.
//!
//! A text names the version on which it is based ([`Missed`]), so a repair that fails, or whose run is killed, is left to
//! the run that reads the text next.

use protector_core::ids::InstanceKey;
use protector_core::record::{ParameterPrefix, Record};
use protector_core::versions::Missed;

use crate::aws::{Aws, AwsError};
use crate::store::Store;

/// Reads what texts were written over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overwritten<'r> {
    pub(crate) aws: &'r Aws,
    pub(crate) store: &'r Store,
    pub(crate) prefix: &'r ParameterPrefix,
}

impl Overwritten<'_> {
    /// The record, with what the versions that it was written over had said. Until that is in a text, and if they cannot
    /// be read, no text claims to include them.
    pub(crate) async fn with_missed(
        &self,
        key: &InstanceKey,
        record: &Record,
        version: i64,
        missed: Missed,
    ) -> Record {
        let store = self.store;
        match self.texts(&self.prefix.record_name(key), missed).await {
            Ok(texts) => {
                let others = texts.iter().filter_map(|text| Record::decode(text).ok());
                let merged = others.fold(record.clone(), |record, other| record.merged(&other));
                match merged == *record {
                    true => store.repaired(key, version),
                    false => store.not_repaired(key, missed),
                }
                merged
            }
            Err(_) => {
                store.not_repaired(key, missed);
                record.clone()
            }
        }
    }

    /// The texts of versions that were written over, the latest first.
    pub(crate) async fn texts(&self, name: &str, missed: Missed) -> Result<Vec<String>, AwsError> {
        let (mut left, mut texts) = (Some(missed), Vec::new());
        while let Some(missed) = left {
            let version = missed.next();
            let text = self.aws.get_text(&format!("{name}:{version}")).await?;
            left = missed.after(&text);
            texts.push(text);
        }
        Ok(texts)
    }
}
