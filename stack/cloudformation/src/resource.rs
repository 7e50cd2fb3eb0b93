//! Resources and the handles through which they are referred to, and the three macros that generated code is made of.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::expression::{Expression, Object};
use crate::spec::ResourceSpec;
use crate::value::Value;

/// A type of resource, with the properties to make one.
pub trait Resource: Sized {
    /// What the provider schema says of the type.
    const SPEC: &'static ResourceSpec;

    /// The properties by name, as they will stand in the template.
    fn into_properties(self) -> Properties;
}

/// A resource whose `Ref` is a `Reference`.
pub trait Referable: Resource {
    /// What `Ref` evaluates to.
    type Reference;
}

/// A resource's or a nested structure's properties, in the schema's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Properties(pub(crate) Object);

/// A resource that is part of a stack. The only way to refer to it, and only [`Stack::add`](crate::Stack::add) makes
/// one, so a reference cannot dangle. Generated methods give its attributes: `role.arn()`.
pub struct Handle<R> {
    logical_id: Rc<str>,
    kind: PhantomData<fn() -> R>,
}

impl<R> Handle<R> {
    pub(crate) fn new(logical_id: &str) -> Self {
        Self { logical_id: logical_id.into(), kind: PhantomData }
    }

    /// The logical id: the resource's key in the template.
    pub fn logical_id(&self) -> &str {
        &self.logical_id
    }

    pub(crate) fn attribute<T>(&self, name: &str) -> Value<T> {
        Value::new(Expression::GetAtt(self.logical_id.to_string(), name.to_owned()))
    }
}

impl<R: Referable> Handle<R> {
    /// `Ref`: the resource's name, ARN, identifier or URL, as its type has it.
    pub fn reference(&self) -> Value<R::Reference> {
        Value::new(Expression::Ref(self.logical_id.to_string()))
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self { logical_id: Rc::clone(&self.logical_id), kind: PhantomData }
    }
}

impl<R> std::fmt::Debug for Handle<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.logical_id)
    }
}

/// Declares a structure of properties: required ones are the arguments of `new`, optional ones have a method each.
macro_rules! properties {
    ($(#[$doc:meta])* $name:ident {
        required { $($(#[$required_doc:meta])* $required:ident $required_name:literal : $required_type:ty,)* }
        optional { $($(#[$optional_doc:meta])* $optional:ident $optional_name:literal : $optional_type:ty,)* }
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$required_doc])* pub $required: $crate::Value<$required_type>,)*
            $($(#[$optional_doc])* pub $optional: Option<$crate::Value<$optional_type>>,)*
        }

        impl $name {
            /// With the required properties; every optional one is left out.
            #[allow(clippy::too_many_arguments, reason = "as many as the schema requires")]
            pub fn new($($required: impl Into<$crate::Value<$required_type>>),*) -> Self {
                Self { $($required: $required.into(),)* $($optional: None,)* }
            }

            $(
                $(#[$optional_doc])*
                pub fn $optional(mut self, value: impl Into<$crate::Value<$optional_type>>) -> Self {
                    self.$optional = Some(value.into());
                    self
                }
            )*
        }

        impl From<$name> for $crate::resource::Properties {
            #[allow(unused_variables, unused_mut)]
            fn from(structure: $name) -> Self {
                let mut fields = $crate::expression::Object::new();
                $(fields.insert($required_name.to_owned(), structure.$required.expression);)*
                $(if let Some(value) = structure.$optional {
                    fields.insert($optional_name.to_owned(), value.expression);
                })*
                Self(fields)
            }
        }

        impl From<$name> for $crate::Value<$name> {
            fn from(structure: $name) -> Self {
                let properties = $crate::resource::Properties::from(structure);
                Self::new($crate::expression::Expression::Object(properties.0))
            }
        }

        $crate::resource::default_without_required!($name { $($required)* });
    };
}

/// `Default` where nothing is required: leaving out what is required must not compile.
macro_rules! default_without_required {
    ($name:ident { }) => {
        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    };
    ($name:ident { $($required:ident)+ }) => {};
}

/// Declares a resource type: its properties, what `Ref` gives, and its attributes.
macro_rules! resource {
    ($(#[$doc:meta])* $name:ident : $spec:path {
        required $required:tt
        optional $optional:tt
        reference $reference:ty,
        attributes { $($(#[$attribute_doc:meta])* $attribute:ident $attribute_name:literal : $attribute_type:ty,)* }
    }) => {
        $crate::resource::properties! { $(#[$doc])* $name { required $required optional $optional } }

        impl $crate::resource::Resource for $name {
            const SPEC: &'static $crate::spec::ResourceSpec = &$spec;

            fn into_properties(self) -> $crate::resource::Properties {
                self.into()
            }
        }

        impl $crate::resource::Referable for $name {
            type Reference = $reference;
        }

        impl $crate::resource::Handle<$name> {
            $(
                $(#[$attribute_doc])*
                pub fn $attribute(&self) -> $crate::Value<$attribute_type> {
                    self.attribute($attribute_name)
                }
            )*
        }
    };
}

/// Declares an enumeration of texts, open to values that a newer schema may have.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
            /// A value that the schema did not list when this was generated.
            Other(String),
        }

        impl $name {
            /// The value as the template spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<$name> for $crate::Value<$name> {
            fn from(value: $name) -> Self {
                Self::new($crate::expression::Expression::text(value.as_str()))
            }
        }
    };
}

pub(crate) use {default_without_required, enumeration, properties, resource};
