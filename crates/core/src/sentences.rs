//! Each reason shows as a sentence.

/// Declares an enum whose variants show as a sentence for people: its text, and what the text quotes of the fields.
macro_rules! sentences {
    (
        $(#[$meta:meta])*
        pub enum $reasons:ident {
            $(
                $(#[doc = $meaning:literal])*
                $name:ident $(($($field:ident: $type:ty),*))? => $text:literal $(, $quoted:expr)*;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $reasons {
            $($(#[doc = $meaning])* $name $(($($type),*))?,)*
        }

        impl std::fmt::Display for $reasons {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $($reasons::$name $(($($field),*))? => write!(f, $text $(, $quoted)*),)*
                }
            }
        }
    };
}

pub(crate) use sentences;
