//! Outputs of real phones.
