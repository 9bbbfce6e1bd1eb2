//! Walks Burn's vocabulary as Burn itself declares it: the names of all variants, and a made-up operation of each.
//!
//! Burn's operations can be deserialized, and a deserializer is told the variants of an enum and the fields of a
//! struct. The one here answers with nothing but ones, empty names and first variants, except that it picks the variant
//! it was asked for.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, BoolOperationIr, DistributedOperationIr, FloatOperationIr, IntOperationIr,
    ModuleOperationIr, NumericOperationIr, OperationIr,
};
use burn::tensor::{BoolStore, DType};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::build::{Choices, Recorded, build};
use super::jet::Marks;
use super::lower::{Lowered, Operation, Support, lower, operations};
use super::record::Types;
use crate::error::TraceError;

/// Answers to a deserializer's questions.
#[derive(Clone, Copy)]
struct Sample<'a> {
    /// The enum of which a certain variant is wanted, and that variant.
    wanted: (&'static str, usize),
    /// The variants of that enum, once it has told them.
    variants: &'a RefCell<Vec<&'static str>>,
}

/// How long lists are: as many axes as any operation asks for.
const LENGTH: usize = 5;

/// A sequence, the fields of a struct, or a variant, all of samples.
struct Parts<'a> {
    sample: Sample<'a>,
    left: usize,
    fields: &'static [&'static str],
}

macro_rules! ones {
    ($($method:ident $visit:ident $value:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit($value)
        })*
    };
}

impl<'de> serde::Deserializer<'de> for Sample<'_> {
    type Error = Error;

    ones! {
        deserialize_bool visit_bool false;
        deserialize_i8 visit_i8 1;
        deserialize_i16 visit_i16 1;
        deserialize_i32 visit_i32 1;
        deserialize_i64 visit_i64 1;
        deserialize_u8 visit_u8 1;
        deserialize_u16 visit_u16 1;
        deserialize_u32 visit_u32 1;
        deserialize_u64 visit_u64 1;
        deserialize_f32 visit_f32 1.0;
        deserialize_f64 visit_f64 1.0;
        deserialize_char visit_char 'x';
        deserialize_str visit_str "";
        deserialize_string visit_str "";
        deserialize_bytes visit_bytes &[];
        deserialize_byte_buf visit_bytes &[];
        deserialize_identifier visit_str "";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(1)
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Parts { sample: self, left: LENGTH, fields: &[] })
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Parts { sample: self, left: length, fields: &[] })
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Parts { sample: self, left: 0, fields: &[] })
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(Parts { sample: self, left: fields.len(), fields })
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (wanted, index) = self.wanted;
        let index = if name == wanted {
            *self.variants.borrow_mut() = variants.to_vec();
            index
        } else {
            0
        };
        visitor.visit_enum(Parts { sample: self, left: index, fields: variants })
    }
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(self.sample).map(Some)
    }
}

impl<'de> MapAccess<'de> for Parts<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let key: StrDeserializer<'_, Error> = self.fields[self.fields.len() - self.left].into_deserializer();
        self.left -= 1;
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.sample)
    }
}

impl<'de> EnumAccess<'de> for Parts<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = self.fields[self.left].into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Parts<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.sample)
    }
    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Parts { left: length, ..self })
    }
    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Parts { left: fields.len(), fields, ..self })
    }
}

/// One operation of each variant of an enum, with the variant's name.
fn samples<T: for<'de> Deserialize<'de>>(name: &'static str) -> Vec<(&'static str, T)> {
    let variants = RefCell::new(vec![]);
    let sample = |index| T::deserialize(Sample { wanted: (name, index), variants: &variants });
    let first = sample(0).unwrap_or_else(|error| panic!("{name}: {error}"));
    let count = variants.borrow().len();
    let rest = (1..count).map(|index| {
        sample(index).unwrap_or_else(|error| panic!("{name}, variant {}: {error}", variants.borrow()[index]))
    });
    let all: Vec<T> = std::iter::once(first).chain(rest).collect();
    variants.into_inner().into_iter().zip(all).collect()
}

/// Every operation of Burn, with the family and the name that Burn gives it.
fn vocabulary() -> Vec<(&'static str, &'static str, OperationIr)> {
    let mut all = vec![];
    macro_rules! family {
        ($family:literal, $ir:ident, $wrap:expr) => {
            let wrap: fn($ir) -> OperationIr = $wrap;
            all.extend(samples::<$ir>(stringify!($ir)).into_iter().map(|(name, op)| ($family, name, wrap(op))));
        };
    }
    family!("base", BaseOperationIr, OperationIr::BaseFloat);
    family!("numeric", NumericOperationIr, |op| OperationIr::NumericFloat(DType::F64, op));
    family!("float", FloatOperationIr, |op| OperationIr::Float(DType::F64, op));
    family!("int", IntOperationIr, OperationIr::Int);
    family!("bool", BoolOperationIr, OperationIr::Bool);
    family!("module", ModuleOperationIr, OperationIr::Module);
    family!("activation", ActivationOperationIr, OperationIr::Activation);
    family!("distributed", DistributedOperationIr, OperationIr::Distributed);
    all
}

/// A network that uses a refused operation gets an error with its name and the reason.
#[test]
fn each_refused_operation_is_refused_by_name() {
    let mut refused = 0;
    for (family, name, operation) in vocabulary() {
        let Support::Refused(reason) = lower(&operation).0.support else { continue };
        let Some(output) = operation.outputs().next().map(|tensor| tensor.id) else {
            assert_eq!(name, "SyncCollective", "{family} {name} makes nothing");
            continue;
        };
        let recorded = Recorded {
            operations: std::slice::from_ref(&operation),
            data: BTreeMap::new(),
            module: HashMap::new(),
            trainable: &[],
            choices: Choices::default(),
            disabled: &[],
            types: Types { float: DType::F64, int: DType::I64, bool: DType::Bool(BoolStore::U8) },
            stopped: HashSet::new(),
            marks: Marks::default(),
        };
        let error = build(recorded, &[], output, 1).unwrap_err();
        let TraceError::Unsupported { operation, reason: said, .. } = &error else { panic!("{name}: {error}") };
        assert_eq!((operation.as_str(), *said), (name, reason));
        assert!(error.to_string().starts_with(&format!("cannot linearise `{name}`")), "{error}");
        refused += 1;
    }
    assert!(refused > 35, "{refused}");
}

#[test]
fn the_table_has_a_line_for_each_operation_that_burn_declares() {
    let declared: Vec<(&str, &str)> = vocabulary().iter().map(|(family, name, _)| (*family, *name)).collect();
    assert!(declared.len() > 200, "Burn has some two hundred operations, not {}", declared.len());
    for (family, name, operation) in vocabulary() {
        let (line, _) = lower(&operation);
        assert_eq!((line.family, line.name), (family, name));
    }
    let listed: Vec<(&str, &str)> = operations()
        .filter(|operation| operation.family != "other")
        .map(|operation| (operation.family, operation.name))
        .collect();
    assert!(listed.iter().all(|line| declared.contains(line)));
    assert_eq!(listed.len(), declared.len());
}

/// The translation of each operation agrees with its table entry: a rule of that family, parts, a value, or a refusal.
#[test]
fn the_translation_of_each_operation_is_what_the_table_says() {
    for (family, name, operation) in vocabulary() {
        let (Operation { support, .. }, lowered) = lower(&operation);
        let agrees = match (support, lowered) {
            (Support::Rule(rule), Lowered::Step(step)) => step.op.family() == *rule,
            (Support::Value, Lowered::Step(step)) => !step.op.differentiable() || family == "int",
            // Of integers only, and the samples are floats.
            (Support::Value, Lowered::Refused) => name == "Powi",
            // Positions of the largest are sorted and cut.
            (Support::Value, Lowered::Parts) => name == "ArgTopK",
            (Support::Parts(_), Lowered::Parts) => true,
            (Support::Refused(reason), Lowered::Refused) => !reason.is_empty(),
            // Random numbers are refused unless they are asked for.
            (Support::Refused(_), Lowered::Step(_)) => name == "Random",
            _ => false,
        };
        assert!(agrees, "{family} {name}: the table says {support:?}");
    }
}
