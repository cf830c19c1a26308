//! Tags of groups.

use super::{AutoScaling, invalid, no_such_group};
use crate::ApiError;
use crate::params::Params;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The only kind of resource that has tags.
const GROUP: &str = "auto-scaling-group";

#[derive(Clone, Debug)]
pub(super) struct Tag {
    key: String,
    /// Its value; may be empty.
    pub(super) value: String,
    propagate: bool,
}

impl Tag {
    /// `TagDescription` of the API.
    pub(super) fn view(&self, group: &str) -> Value {
        json!({
            "ResourceId": group,
            "ResourceType": GROUP,
            "Key": self.key,
            "Value": self.value,
            "PropagateAtLaunch": self.propagate,
        })
    }

    fn read(input: Params<'_>) -> Result<Tag, ApiError> {
        let key = input
            .text("Key")
            .ok_or_else(|| super::missing("tags.member.key"))?;
        Ok(Tag {
            key: key.to_owned(),
            value: input.text("Value").unwrap_or_default().to_owned(),
            propagate: input.flag("PropagateAtLaunch"),
        })
    }
}

/// The tags of a group that is created.
pub(super) fn of_new_group(params: Params<'_>) -> Result<BTreeMap<String, Tag>, ApiError> {
    let tags = params.list("Tags").iter().map(|tag| Tag::read(Params(tag)));
    tags.map(|tag| tag.map(|tag| (tag.key.clone(), tag))).collect()
}

impl AutoScaling {
    /// Sets tags, each at the group that it names. One wrong tag, and none is set.
    pub(super) fn create_or_update_tags(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let tags = params.list("Tags").iter().map(|tag| {
            let tag = Params(tag);
            Ok((self.tagged(tag)?, Tag::read(tag)?))
        });
        for (group, tag) in tags.collect::<Result<Vec<_>, ApiError>>()? {
            self.groups.entry(group).and_modify(|group| {
                group.tags.insert(tag.key.clone(), tag);
            });
        }
        Ok(json!({}))
    }

    /// Takes tags away. One wrong tag, and all stay.
    pub(super) fn delete_tags(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let tags = params.list("Tags").iter().map(|tag| {
            let tag = Params(tag);
            Ok((self.tagged(tag)?, Tag::read(tag)?.key))
        });
        for (group, key) in tags.collect::<Result<Vec<_>, ApiError>>()? {
            self.groups.entry(group).and_modify(|group| {
                group.tags.remove(&key);
            });
        }
        Ok(json!({}))
    }

    /// The group that a tag's input names.
    fn tagged(&self, tag: Params<'_>) -> Result<String, ApiError> {
        if let Some(kind) = tag.text("ResourceType").filter(|kind| *kind != GROUP) {
            return Err(invalid(format!("The resource type {kind} is not supported.")));
        }
        let group = tag
            .text("ResourceId")
            .ok_or_else(|| super::missing("tags.member.resourceId"))?;
        match self.groups.contains_key(group) {
            true => Ok(group.to_owned()),
            false => Err(no_such_group(group)),
        }
    }
}
