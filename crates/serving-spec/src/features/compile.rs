//! The compiler: from the features of a serving spec to steps, in an order in which operands come first.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use hashbrown::{HashMap, HashSet};
use indexmap::IndexMap;
use limits::names::{cut, some_of};

use super::computation::Computation;
use super::feature::{FeatureSpec, PolicySpec};
use super::operand::{Location, Operand, Source, SourceName};
use super::parts::FeatureParts;
use super::scope::{Compile as _, Operands};
use super::step::{OnMissing, Step};
use super::tables::{Files, Table, Tables};
use super::transforms::Transform;
use super::value::Type;
use crate::field_path::FieldPath;

/// The most features that may stand between a feature and the document.
const MAX_DEPTH: usize = 256;

/// The most features of a spec. A spec that lists each column of a wide frame has some thousand.
const MAX_FEATURES: usize = 10_000;

/// The most columns of all features. Working memory has a place for each of them.
const MAX_COLUMNS: usize = 1 << 20;

/// The most features that a message names as the way to the one that is wrong.
const MAX_WAY: usize = 3;

/// A compiled feature.
#[derive(Debug, Clone)]
pub(super) struct CompiledFeature {
    /// The columns, in order.
    pub columns: Vec<Source>,
    /// The names of the columns; empty for a feature that is a single value.
    pub names: Vec<String>,
}

/// Compiles the features of a spec, each once.
pub(super) struct Compiler<'s> {
    parts: FeatureParts<'s>,
    /// Whether the features were derived from the model's inputs, because the spec has none.
    is_implied: bool,
    /// The features that are being compiled, outermost first.
    path: Vec<&'s str>,
    compiled: HashMap<&'s str, CompiledFeature>,
    /// The features that an input or another feature uses.
    used: HashSet<&'s str>,
    /// The operands of the current feature that are features, but only plain fields of the document.
    plain: Vec<Source>,
    fields: Vec<FieldPath>,
    /// The slot of each field.
    slots: HashMap<Vec<String>, usize>,
    /// Whether an error already names a feature.
    is_placed: bool,
    steps: Vec<Step>,
    registers: usize,
    tables: Tables<'s>,
    /// The first register of each lookup, by file and key.
    lookups: HashMap<String, usize>,
}

impl<'s> Compiler<'s> {
    pub fn new(parts: FeatureParts<'s>, is_implied: bool, files: &'s Files<'s>) -> Self {
        let mut tables = Tables::new(files);
        for feature in parts.features.values() {
            if let Transform::Lookup(lookup) = &feature.transform {
                lookup.announce(&mut tables);
            }
        }
        Self {
            parts,
            is_implied,
            path: Vec::new(),
            compiled: HashMap::new(),
            used: HashSet::new(),
            plain: Vec::new(),
            fields: Vec::new(),
            slots: HashMap::new(),
            is_placed: false,
            steps: Vec::new(),
            registers: 0,
            tables,
            lookups: HashMap::new(),
        }
    }

    /// Returns the fields in the order of their slots, the steps, and the number of registers.
    pub fn finish(self) -> (Vec<FieldPath>, Vec<Step>, usize) {
        (self.fields, self.steps, self.registers)
    }

    /// Returns a feature. It is compiled on the first call.
    pub fn feature(&mut self, name: &str) -> Result<CompiledFeature> {
        let Some((name, spec)) = self.parts.features.get_key_value(name) else {
            bail!("{}", self.unknown(name))
        };
        let name = name.as_str();
        if let Some(compiled) = self.compiled.get(name) {
            return Ok(compiled.clone());
        }
        let count = self.parts.features.len();
        ensure!(
            self.is_implied || count <= MAX_FEATURES,
            "expected at most {MAX_FEATURES} features, found {count}"
        );
        if let Some(start) = self.path.iter().position(|above| *above == name) {
            let circle: Vec<_> = self.path[start..].iter().chain([&name]).map(|name| cut(name)).collect();
            let way = match &circle[..] {
                [first, .., last] if circle.len() > MAX_WAY + 1 => {
                    format!("`{first}` by way of {} features from `{last}`", circle.len() - 2)
                }
                _ => format!("`{}`", circle.join("` from `")),
            };
            bail!(
                "it depends on itself: {way}; write a field of the record as a JSON pointer, `/{}`",
                cut(name)
            );
        }
        ensure!(
            self.path.len() < MAX_DEPTH,
            "more than {MAX_DEPTH} features stand between it and the record"
        );
        self.path.push(name);
        let compiled = self.compile(name, spec);
        self.path.pop();
        let compiled = compiled.map_err(|error| {
            // Of a long way to the feature that is wrong, the message names the start and the end.
            if std::mem::replace(&mut self.is_placed, true) && self.path.len() >= MAX_WAY {
                return error;
            }
            error.context(format!("feature `{}`{}", cut(name), self.parts.line(name)))
        })?;
        self.compiled.insert(name, compiled.clone());
        Ok(compiled)
    }

    /// Returns the feature called `name`, or the column called `feature.column`, and marks the feature as
    /// used.
    pub fn named(&mut self, name: &str) -> Result<CompiledFeature> {
        if !self.parts.features.contains_key(name)
            && let Some((feature, column)) = self.column_of(name)
        {
            let compiled = self.named(feature)?;
            let at = compiled.names.iter().position(|name| name == column).with_context(|| {
                let (feature, column) = (cut(feature), cut(column));
                let names: Vec<_> = compiled.names.iter().map(|name| format!("{feature}.{name}")).collect();
                format!("`{feature}` has no column `{column}`; it has {}", some_of(&names))
            })?;
            return Ok(CompiledFeature { columns: vec![compiled.columns[at].clone()], names: Vec::new() });
        }
        let compiled = self.feature(name)?;
        let is_plain = |column: &&Source| matches!(column.location, Location::Field(_));
        self.plain.extend(compiled.columns.iter().filter(is_plain).cloned());
        self.used.extend(self.parts.features.get_key_value(name).map(|(name, _)| name.as_str()));
        Ok(compiled)
    }

    /// Splits a name at the first dot that has the name of a feature before it.
    fn column_of<'n>(&self, name: &'n str) -> Option<(&'n str, &'n str)> {
        let dots = name.match_indices('.');
        let mut parts = dots.map(|(at, _)| (&name[..at], &name[at + 1..]));
        parts.find(|(feature, _)| self.parts.features.contains_key(*feature))
    }

    /// Returns the features that nothing uses so far.
    pub fn unused(&self) -> impl Iterator<Item = &'s str> {
        self.parts.features.keys().map(String::as_str).filter(|name| !self.used.contains(name))
    }

    fn compile(&mut self, name: &str, spec: &FeatureSpec) -> Result<CompiledFeature> {
        if let Transform::Field(field) = &spec.transform
            && field.is_plain()
            && spec.policy == PolicySpec::default()
        {
            let path = field.path()?;
            let owner = (!self.is_implied).then(|| name.into());
            let source = Source { owner, ..Source::field(self.slot(&path), path) };
            return Ok(CompiledFeature { columns: vec![source], names: Vec::new() });
        }
        let PolicySpec { default, missing, invalid } = &spec.policy;
        let plain_of_another = std::mem::take(&mut self.plain);
        let Computation { mut types, names, compute } = match &spec.transform {
            Transform::Field(field) if missing.is_some() && field.is_plain() => {
                field.number().compile(self)?
            }
            transform => transform.compile(self)?,
        };
        let plain = std::mem::replace(&mut self.plain, plain_of_another);
        if missing.is_some() {
            ensure!(!types.contains(&Type::String), "a string can't be NaN: give a `default`");
            types.fill(Type::Double);
        }
        let name_of = |ty| match &spec.transform {
            Transform::Field(field) if ty == Type::Json => field.path().map(SourceName::Field),
            _ => Ok(SourceName::Feature(name.into())),
        };
        ensure!(
            self.registers + types.len() <= MAX_COLUMNS,
            "with it, the features have more than {MAX_COLUMNS} columns"
        );
        let start = self.register(types.len());
        let columns = types.iter().enumerate().map(|(column, &ty)| {
            let source = Source::new(Location::Register(start + column), ty, name_of(ty)?);
            let default = default.clone().filter(|_| ty == Type::Json);
            Ok(Source { owner: Some(name.into()), default, invalid_is_missing: invalid.is_some(), ..source })
        });
        let columns = columns.collect::<Result<_>>()?;
        let default =
            default.as_ref().map(|literal| types.iter().map(|&ty| literal.of(ty)).collect::<Result<_>>());
        let on_missing = match default.transpose()? {
            Some(values) => OnMissing::Default(values),
            None if missing.is_some() => OnMissing::Nan,
            None => OnMissing::Reject,
        };
        self.steps.push(Step {
            feature: name.into(),
            start,
            types,
            on_missing,
            invalid_is_missing: invalid.is_some(),
            plain,
            compute,
        });
        Ok(CompiledFeature { columns, names })
    }

    /// Reserves consecutive registers, and returns the first.
    fn register(&mut self, count: usize) -> usize {
        self.registers += count;
        self.registers - count
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<_> = self.parts.features.keys().collect();
        let name = cut(name);
        format!(
            "there is no feature `{name}`, only {}; write a field of the record as a JSON pointer, `/{name}`",
            some_of(&names)
        )
    }
}

impl Operands for Compiler<'_> {
    fn operand(&mut self, operand: &Operand) -> Result<Source> {
        let name = match operand {
            Operand::Number(number) => {
                ensure!(number.is_finite(), "expected a finite number, found {number}");
                let name = SourceName::Feature("".into());
                return Ok(Source::new(Location::Literal(*number), Type::Double, name));
            }
            Operand::Name(name) => name,
        };
        if name.starts_with('/') {
            let path = FieldPath::parse(name)?;
            return Ok(Source::field(self.slot(&path), path));
        }
        let feature = self.named(name)?;
        match &feature.columns[..] {
            [source] if feature.names.is_empty() => Ok(source.clone()),
            _ => bail!("`{name}` has several columns: name one, as in `{name}.{}`", feature.names[0]),
        }
    }

    fn slot(&mut self, path: &FieldPath) -> usize {
        *self.slots.entry_ref(path.tokens()).or_insert_with(|| {
            self.fields.push(path.clone());
            self.fields.len() - 1
        })
    }

    fn table(&mut self, file: &str, by: &IndexMap<String, Operand>) -> Result<(Arc<Table>, usize)> {
        let table = self.tables.table(file, by.keys().cloned().collect())?;
        let shared = format!("{file} {by:?}");
        if let Some(register) = self.lookups.get(&shared) {
            return Ok((table, *register));
        }
        let register = self.register(2);
        self.lookups.insert(shared, register);
        Ok((table, register))
    }
}
