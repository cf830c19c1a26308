//! `PutParameter`.

use super::parameter::{Parameter, Tier};
use super::{ParameterChange, Ssm, invalid, name};
use crate::ApiError;
use crate::constraints::broken;
use crate::params::{Params, client};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The largest value of a standard parameter, bytes.
const STANDARD_MAX: usize = 4096;

/// The largest value of an advanced parameter, bytes.
const ADVANCED_MAX: usize = 8192;

/// An account and region holds so many parameters; more need the advanced tier.
const PARAMETERS_MAX: usize = 10_000;

/// Members that would change what the parameter means, were they ignored.
const NOT_SERVED: &[&str] = &["AllowedPattern", "KeyId", "Policies"];

impl Ssm {
    /// Writes a parameter: a new one, or with `Overwrite` the next version of an old one.
    pub(super) fn put(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params.text("Name").ok_or_else(|| missing("name"))?;
        let value = params.text("Value").ok_or_else(|| missing("value"))?;
        name::check(name)?;
        check_input(params, value)?;
        let known = self.parameters.get(name);
        let kind = kind(known, params)?;
        let tier = tier(known, params, value)?;
        if known.is_none() && self.parameters.len() >= PARAMETERS_MAX {
            return Err(client("ParameterLimitExceeded", limit_exceeded()));
        }
        let parameter = self
            .parameters
            .entry(name.to_owned())
            .or_insert_with(|| Parameter::new(&kind, tier));
        parameter.tier = tier;
        let version = parameter.write(value, now);
        let (name, value) = (name.to_owned(), Some(value.to_owned()));
        self.changes.push(ParameterChange { name, version, value });
        Ok(json!({"Version": version, "Tier": tier.name()}))
    }
}

fn check_input(params: Params<'_>, value: &str) -> Result<(), ApiError> {
    if let Some(member) = NOT_SERVED.iter().find(|member| params.text(member).is_some()) {
        return Err(invalid(format!("{member} is not served by the local AWS")));
    }
    if value.contains("{{") {
        return Err(invalid(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    if overwrite(params) && !params.list("Tags").is_empty() {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please \
             remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    Ok(())
}

/// The type of a parameter: required on creation, and fixed after that.
fn kind(known: Option<&Parameter>, params: Params<'_>) -> Result<String, ApiError> {
    let asked = params.text("Type");
    if let Some(wrong) = asked.filter(|kind| !matches!(*kind, "String" | "StringList" | "SecureString")) {
        let rule = "Member must satisfy enum value set: [SecureString, StringList, String]";
        return Err(invalid(broken(wrong, "type", rule)));
    }
    match (known, asked) {
        (Some(_), _) if !overwrite(params) => Err(client("ParameterAlreadyExists", already_exists())),
        (Some(known), Some(asked)) if asked != known.kind => {
            Err(client("HierarchyTypeMismatchException", type_mismatch()))
        }
        (Some(known), _) => Ok(known.kind.clone()),
        (None, Some(asked)) => Ok(asked.to_owned()),
        (None, None) => Err(invalid(
            "A parameter type is required when you create a parameter.",
        )),
    }
}

fn tier(known: Option<&Parameter>, params: Params<'_>, value: &str) -> Result<Tier, ApiError> {
    let before = known.map_or(Tier::Standard, |parameter| parameter.tier);
    let large = value.len() > STANDARD_MAX;
    let tier = match params.text("Tier") {
        None => before,
        Some("Standard") if before == Tier::Advanced => return Err(invalid(downgrade())),
        Some("Standard") => Tier::Standard,
        Some("Advanced") => Tier::Advanced,
        Some("Intelligent-Tiering") if large => Tier::Advanced,
        Some("Intelligent-Tiering") => before,
        Some(wrong) => {
            let rule = "Member must satisfy enum value set: [Advanced, Intelligent-Tiering, Standard]";
            return Err(invalid(broken(wrong, "tier", rule)));
        }
    };
    match tier {
        Tier::Standard if large => Err(invalid(too_large_for_standard())),
        Tier::Advanced if value.len() > ADVANCED_MAX => Err(invalid(too_large_for_advanced())),
        tier => Ok(tier),
    }
}

fn overwrite(params: Params<'_>) -> bool {
    params.flag("Overwrite")
}

fn missing(member: &str) -> ApiError {
    invalid(broken(
        "",
        member,
        "Member must have length greater than or equal to 1",
    ))
}

fn already_exists() -> &'static str {
    "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
}

fn limit_exceeded() -> String {
    format!("You have exceeded the number of parameters for this account: {PARAMETERS_MAX}.")
}

fn type_mismatch() -> &'static str {
    "Parameter Store does not support changing a parameter type in a hierarchy. You must create a new, unique \
     parameter."
}

fn downgrade() -> &'static str {
    "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter \
     tier to the standard-parameter tier."
}

fn too_large_for_standard() -> String {
    format!(
        "Standard tier parameters support a maximum parameter value of {STANDARD_MAX} characters. To create a larger \
         parameter value, upgrade the parameter to use the advanced-parameter tier."
    )
}

fn too_large_for_advanced() -> String {
    format!("Advanced tier parameters support a maximum parameter value of {ADVANCED_MAX} characters.")
}
