//! An account in which all is well, for tests to break one thing of.
