//! `GetParameter`, `GetParameters`, `GetParametersByPath`.

use super::name::{Selector, is_below};
use super::parameter::{Parameter, Version};
use super::{Ssm, invalid, not_found};
use crate::ApiError;
use crate::constraints::{at_most_items, page_size};
use crate::params::{Params, client};
use serde_json::{Value, json};
use std::ops::Bound;

/// `GetParameters` takes so many names.
const NAMES_MAX: usize = 10;

/// `GetParametersByPath` gives so many a page.
const PAGE_MAX: i64 = 10;

/// What a page's token begins with; the last name of the page follows.
const TOKEN: &str = "after=";

impl Ssm {
    /// One parameter, as of `lag` writes ago.
    pub(super) fn get(&self, params: Params<'_>, lag: usize) -> Result<Value, ApiError> {
        let name = params
            .text("Name")
            .ok_or_else(|| invalid("Parameter name must not be empty."))?;
        Ok(json!({"Parameter": self.find(name, lag)?}))
    }

    /// Reads several parameters. The answer lists the names that do not exist, which is not an error.
    pub(super) fn get_many(&self, params: Params<'_>, lag: usize) -> Result<Value, ApiError> {
        let mut names = params.texts("Names");
        at_most_items(&names, "names", NAMES_MAX).map_err(invalid)?;
        if names.is_empty() {
            return Err(invalid("names must have at least one member"));
        }
        names.sort();
        names.dedup();
        let (mut found, mut wrong) = (Vec::new(), Vec::new());
        for name in names {
            match self.find(name, lag) {
                Ok(parameter) => found.push(parameter),
                Err(_) => wrong.push(name),
            }
        }
        Ok(json!({"Parameters": found, "InvalidParameters": wrong}))
    }

    /// A page of the parameters below a path, by name.
    pub(super) fn get_by_path(&self, params: Params<'_>, lag: usize) -> Result<Value, ApiError> {
        let path = params
            .text("Path")
            .filter(|path| path.starts_with('/'))
            .ok_or_else(wrong_path)?;
        if !params.list("ParameterFilters").is_empty() {
            return Err(invalid("ParameterFilters is not served by the local AWS"));
        }
        let size = page_size(params, "MaxResults", "maxResults", PAGE_MAX, PAGE_MAX).map_err(invalid)?;
        let recursive = params.flag("Recursive");
        let rest = self
            .parameters
            .range::<str, _>((start(params)?, Bound::Unbounded));
        let mut below = rest
            .filter(|(name, _)| is_below(name, path, recursive))
            .filter_map(|(name, parameter)| Some((name, parameter, parameter.before(lag)?)));
        let page: Vec<_> = below.by_ref().take(size).collect();
        let token = below
            .next()
            .and(page.last())
            .map(|(name, ..)| format!("{TOKEN}{name}"));
        let page: Vec<_> = page
            .iter()
            .map(|(name, parameter, at)| self.view(name, parameter, at))
            .collect();
        Ok(match token {
            Some(token) => json!({"Parameters": page, "NextToken": token}),
            None => json!({"Parameters": page}),
        })
    }

    fn find(&self, text: &str, lag: usize) -> Result<Value, ApiError> {
        let selector = Selector::of(text);
        let parameter = self.parameters.get(selector.name).ok_or_else(not_found)?;
        let version = match selector.version {
            None => parameter.before(lag).ok_or_else(not_found)?,
            Some(number) => version(parameter, selector.name, number)?,
        };
        Ok(self.view(selector.name, parameter, version))
    }

    fn view(&self, name: &str, parameter: &Parameter, version: &Version) -> Value {
        let (region, account, bare) = (&self.region, &self.account, name.trim_start_matches('/'));
        let arn = format!("arn:aws:ssm:{region}:{account}:parameter/{bare}");
        parameter.view(name, &arn, version)
    }
}

fn version<'a>(parameter: &'a Parameter, name: &str, number: &str) -> Result<&'a Version, ApiError> {
    let version = number.parse().ok().and_then(|number| parameter.version(number));
    version.ok_or_else(|| {
        let message = format!(
            "Systems Manager could not find version {number} of {name}. Verify the version and try again."
        );
        client("ParameterVersionNotFound", message)
    })
}

fn start(params: Params<'_>) -> Result<Bound<&str>, ApiError> {
    match params.text("NextToken") {
        None => Ok(Bound::Unbounded),
        Some(token) => token
            .strip_prefix(TOKEN)
            .map(Bound::Excluded)
            .ok_or_else(|| client("InvalidNextToken", "The specified token is not valid.")),
    }
}

fn wrong_path() -> ApiError {
    invalid(
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward \
         slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, \
         numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not \
         allowed. All sub-paths, if specified, must use the forward slash symbol \"/\".",
    )
}
