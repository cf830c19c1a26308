//! Which checks are asked for.

use std::str::FromStr;

use super::catalog::{CHECKS, Category, CheckId};

/// A check or a category, as a person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// One check.
    Check(CheckId),
    /// All checks of a category.
    Category(Category),
}

impl FromStr for Pick {
    type Err = String;

    fn from_str(text: &str) -> Result<Pick, String> {
        let category = Category::ALL.into_iter().find(|one| one.name() == text);
        let check = CHECKS.iter().find(|check| check.code == text);
        match (category, check) {
            (Some(category), _) => Ok(Pick::Category(category)),
            (None, Some(check)) => Ok(Pick::Check(check.id)),
            (None, None) => {
                let categories = Category::ALL.map(Category::name).join(", ");
                Err(format!(
                    "expected a category ({categories}), or the id of a check such as hook-heartbeat"
                ))
            }
        }
    }
}

impl Pick {
    fn has(self, id: CheckId) -> bool {
        match self {
            Pick::Check(check) => check == id,
            Pick::Category(category) => id.check().category == category,
        }
    }
}

/// Which checks are asked for: those of `only`, or all, without those of `skip`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Nothing but these; empty: all.
    pub only: Vec<Pick>,
    /// None of these.
    pub skip: Vec<Pick>,
    /// Whether those that look deeper are asked for too. One that is named in `only` is.
    pub deep: bool,
}

impl Selection {
    /// Returns whether a check is asked for.
    #[must_use]
    pub fn wants(&self, id: CheckId) -> bool {
        let is_in = |picks: &[Pick]| picks.iter().any(|pick| pick.has(id));
        let depth = self.deep || !id.check().is_deep || self.only.contains(&Pick::Check(id));
        depth && (self.only.is_empty() || is_in(&self.only)) && !is_in(&self.skip)
    }

    /// Returns whether one of these checks is asked for.
    #[must_use]
    pub fn wants_any(&self, ids: &[CheckId]) -> bool {
        ids.iter().any(|id| self.wants(*id))
    }

    /// Returns whether a check of the category is asked for.
    #[must_use]
    pub fn wants_some_of(&self, category: Category) -> bool {
        let mut of_it = CHECKS.iter().filter(|check| check.category == category);
        of_it.any(|check| self.wants(check.id))
    }
}
