//! Random messages, by the tables.

use fastrand::Rng;
use kafka_schema::table::{Field, Kind, Message};
use kafka_schema::{Datum, Decoded, Fields};

const TEXTS: &[&str] =
    &["", "orders", "a-b.c_d", "žluťoučký kůň – 漢字 🎉", "quote\" back\\slash\ttab\n\u{1}\u{7f}</x>"];

/// Bytes and texts that random messages borrow.
pub(crate) struct Pool(Vec<u8>);

impl Pool {
    pub(crate) fn new(random: &mut Rng) -> Self {
        Pool((0..4096).map(|_| random.u8(..)).collect())
    }
}

/// A message at a version: a value in every field that the version has, often its default.
pub(crate) fn message<'p>(table: &'static Message, version: i16, pool: &'p Pool, random: &mut Rng) -> Decoded<'p> {
    let mut maker = Maker { pool, random, version, flexible: version >= table.flexible, depth: 0 };
    let fields = maker.fields(table.fields);
    Decoded { message: table, version, fields }
}

struct Maker<'p, 'r> {
    pool: &'p Pool,
    random: &'r mut Rng,
    version: i16,
    flexible: bool,
    depth: usize,
}

impl<'p> Maker<'p, '_> {
    fn fields(&mut self, table: &'static [Field]) -> Fields<'p> {
        let values = table.iter().map(|field| self.field(field)).collect();
        let mut unknown = Vec::new();
        if self.flexible && self.random.u8(..12) == 0 {
            for i in 0..=self.random.u32(..2) {
                unknown.push((10_000 + i, self.bytes(5)));
            }
        }
        Fields { values, unknown }
    }

    fn field(&mut self, field: &'static Field) -> Datum<'p> {
        let is_there = field.versions.contains(self.version);
        if !is_there || self.random.u8(..10) == 0 {
            let default = Datum::default_of(field);
            // Null may be the default of a field that has to have a value here.
            if !is_there || default != Datum::Null || field.nullable.contains(self.version) {
                return default;
            }
        }
        if field.nullable.contains(self.version) && self.random.u8(..6) == 0 {
            return Datum::Null;
        }
        self.value(&field.kind)
    }

    fn value(&mut self, kind: &'static Kind) -> Datum<'p> {
        match kind {
            Kind::Bool => Datum::Bool(self.random.bool()),
            Kind::Int8 => Datum::Int(self.random.i8(..).into()),
            Kind::Int16 => Datum::Int(self.random.i16(..).into()),
            Kind::Uint16 => Datum::Int(self.random.u16(..).into()),
            Kind::Int32 => Datum::Int(self.random.i32(..).into()),
            Kind::Int64 => Datum::Int(self.random.i64(..)),
            // With few digits, which all versions of Java print alike.
            Kind::Float64 => Datum::Double(f64::from(self.random.i32(-1_000_000..1_000_000)) / 8.0),
            Kind::Uuid => Datum::Uuid(std::array::from_fn(|_| self.random.u8(..))),
            Kind::String => Datum::Text(TEXTS[self.random.usize(..TEXTS.len())].as_bytes()),
            Kind::Bytes => Datum::Bytes(self.bytes(20)),
            Kind::Records => Datum::Bytes(self.bytes(2000)),
            Kind::Array(inner) => {
                let count = if self.depth > 2 { 1 } else { self.count() };
                self.depth += 1;
                let elements = (0..count).map(|_| self.value(inner)).collect();
                self.depth -= 1;
                Datum::Array(elements)
            }
            Kind::Struct(inner) => Datum::Struct(Box::new(self.fields(inner.fields))),
        }
    }

    fn count(&mut self) -> usize {
        if self.random.u8(..60) == 0 { self.random.usize(..200) } else { self.random.usize(..4) }
    }

    fn bytes(&mut self, max: usize) -> &'p [u8] {
        let len = self.random.usize(..max);
        let start = self.random.usize(..self.pool.0.len() - len);
        &self.pool.0[start..start + len]
    }
}
