//! The people who may sign in, and what each may do.

crate::id_type!(
    /// A user's id.
    UserId, "usr"
);

crate::word_enum! {
    /// What a user may do.
    Role {
        /// May do everything.
        Administrator = "administrator",
        /// May do nothing in the portal yet.
        Member = "member",
    }
}
