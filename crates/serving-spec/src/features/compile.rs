//! From the features of the serving spec to steps in an order in which each finds its operands done.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use hashbrown::{HashMap, HashSet};
use indexmap::IndexMap;

use super::computation::Compiled;
use super::feature::{FeatureSpec, PolicySpec};
use super::operand::{At, Name, Operand, Source};
use super::step::{Otherwise, Step};
use super::transforms::{Compile as _, Tables, Transform};
use super::value::Type;
use crate::field_path::FieldPath;

/// Features that may stand between a feature and the record.
const MAX_DEPTH: usize = 256;

/// Finds a file of the model directory.
pub type Files<'f> = dyn Fn(&str) -> Result<PathBuf> + 'f;

/// A compiled feature.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Of each column, in their order.
    pub columns: Vec<Source>,
    /// The names of the columns, if it is one that has columns.
    pub names: Vec<String>,
}

/// What is known while the features are compiled.
pub(super) struct Scope<'s> {
    specs: &'s IndexMap<String, FeatureSpec>,
    is_implied: bool,
    /// Where in the spec's file each feature stands.
    place: &'s dyn Fn(&str) -> String,
    files: &'s Files<'s>,
    /// Those under way, outermost first.
    path: Vec<&'s str>,
    known: HashMap<&'s str, Known>,
    /// Those that something has asked for.
    asked: HashSet<&'s str>,
    /// Of the operands of the feature under way, those that are features, but no more than a field of the record.
    plain: Vec<Source>,
    fields: Vec<FieldPath>,
    pub steps: Vec<Step>,
    pub registers: usize,
    /// The registers of lookups that were done for another feature, by what they look up.
    pub lookups: HashMap<String, usize>,
    pub tables: Tables,
}

impl<'s> Scope<'s> {
    /// Of the features that the spec has; or, `is_implied`, of those that it means without saying so.
    pub fn new(
        specs: &'s IndexMap<String, FeatureSpec>,
        is_implied: bool,
        place: &'s dyn Fn(&str) -> String,
        files: &'s Files<'s>,
    ) -> Self {
        Self {
            specs,
            is_implied,
            place,
            files,
            path: Vec::new(),
            known: HashMap::new(),
            asked: HashSet::new(),
            plain: Vec::new(),
            fields: Vec::new(),
            steps: Vec::new(),
            registers: 0,
            lookups: HashMap::new(),
            tables: Tables::default(),
        }
    }

    /// A file of the model directory.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        (self.files)(name)
    }

    /// The wanted fields in the order of their slots, the steps, and how many registers they need.
    pub fn finish(self) -> (Vec<FieldPath>, Vec<Step>, usize) {
        (self.fields, self.steps, self.registers)
    }

    /// The transforms of all features.
    pub fn transforms(&self) -> impl Iterator<Item = &'s Transform> {
        self.specs.values().map(|spec| &spec.transform)
    }

    /// The slot of a field, which is looked for from here on.
    pub fn slot(&mut self, path: &FieldPath) -> usize {
        let known = self.fields.iter().position(|known| known.tokens() == path.tokens());
        known.unwrap_or_else(|| {
            self.fields.push(path.clone());
            self.fields.len() - 1
        })
    }

    /// A register for values.
    pub fn register(&mut self, count: usize) -> usize {
        self.registers += count;
        self.registers - count
    }

    /// The columns of a feature, which is compiled if it was not yet.
    pub fn feature(&mut self, name: &str) -> Result<Known> {
        let Some((name, spec)) = self.specs.get_key_value(name) else { bail!("{}", self.unknown(name)) };
        let name = name.as_str();
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let place = format!("feature `{name}`{}", (self.place)(name));
        if let Some(start) = self.path.iter().position(|above| *above == name) {
            let circle: Vec<_> =
                self.path[start..].iter().chain([&name]).map(|name| format!("`{name}`")).collect();
            bail!(
                "it is made of itself: {}; a field of the record is written as a JSON pointer, `/{name}`",
                circle.join(" from ")
            );
        }
        ensure!(
            self.path.len() < MAX_DEPTH,
            "more than {MAX_DEPTH} features stand between it and the record"
        );
        self.path.push(name);
        let known = self.compile(name, spec).context(place)?;
        self.path.pop();
        self.known.insert(name, known.clone());
        Ok(known)
    }

    /// The columns of a feature, or the one column, that is asked for by its name.
    pub fn named(&mut self, name: &str) -> Result<Known> {
        if !self.specs.contains_key(name)
            && let Some((feature, column)) = self.column_of(name)
        {
            let known = self.named(feature)?;
            let at = known.names.iter().position(|name| name == column).with_context(|| {
                let names: Vec<_> = known.names.iter().map(|name| format!("`{feature}.{name}`")).collect();
                format!("`{feature}` has no column `{column}`; it has {}", some(&names))
            })?;
            return Ok(Known { columns: vec![known.columns[at].clone()], names: Vec::new() });
        }
        let known = self.feature(name)?;
        self.plain.extend(known.columns.iter().filter(|column| matches!(column.at, At::Field(_))).cloned());
        self.asked.extend(self.specs.get_key_value(name).map(|(name, _)| name.as_str()));
        Ok(known)
    }

    /// The features that nothing has asked for so far.
    pub fn unasked(&self) -> impl Iterator<Item = &'s str> {
        self.specs.keys().map(String::as_str).filter(|name| !self.asked.contains(name))
    }

    /// The first of them.
    pub fn unused(&self) -> Option<&'s str> {
        self.unasked().next()
    }

    fn compile(&mut self, name: &str, spec: &FeatureSpec) -> Result<Known> {
        if let Transform::Field(field) = &spec.transform
            && field.is_plain()
            && spec.policy == PolicySpec::default()
        {
            let path = field.path()?;
            let at = At::Field(self.slot(&path));
            let owner = (!self.is_implied).then(|| name.into());
            let source = Source { owner, ..Source::new(at, Type::Json, Name::Field(path)) };
            return Ok(Known { columns: vec![source], names: Vec::new() });
        }
        let PolicySpec { default, missing, invalid } = &spec.policy;
        let plain_of_another = std::mem::take(&mut self.plain);
        let Compiled { mut types, names, compute } = match &spec.transform {
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
            Transform::Field(field) if ty == Type::Json => field.path().map(Name::Field),
            _ => Ok(Name::Feature(name.into())),
        };
        let start = self.register(types.len());
        let columns = types.iter().enumerate();
        let columns = columns.map(|(column, &ty)| {
            let source = Source::new(At::Register(start + column), ty, name_of(ty)?);
            let default = default.clone().filter(|_| ty == Type::Json);
            Ok(Source { owner: Some(name.into()), default, invalid_is_missing: invalid.is_some(), ..source })
        });
        let columns = columns.collect::<Result<_>>()?;
        let default =
            default.as_ref().map(|literal| types.iter().map(|&ty| literal.of(ty)).collect::<Result<_>>());
        let otherwise = match default.transpose()? {
            Some(values) => Otherwise::Default(values),
            None if missing.is_some() => Otherwise::Nan,
            None => Otherwise::Reject,
        };
        self.steps.push(Step {
            feature: name.into(),
            start,
            types,
            otherwise,
            invalid_is_missing: invalid.is_some(),
            plain,
            compute,
        });
        Ok(Known { columns, names })
    }

    /// An operand, whatever its type.
    pub fn operand(&mut self, operand: &Operand) -> Result<Source> {
        let name = match operand {
            Operand::Number(number) => {
                ensure!(number.is_finite(), "{number} is no number to compute with");
                return Ok(Source::new(At::Literal(*number), Type::Double, Name::Feature("".into())));
            }
            Operand::Name(name) => name,
        };
        if name.starts_with('/') {
            let path = FieldPath::parse(name)?;
            return Ok(Source::new(At::Field(self.slot(&path)), Type::Json, Name::Field(path)));
        }
        let known = self.named(name)?;
        match &known.columns[..] {
            [source] if known.names.is_empty() => Ok(source.clone()),
            _ => bail!("`{name}` has several columns: name one, as in `{name}.{}`", known.names[0]),
        }
    }

    /// The feature and the column that a name with a dot means.
    fn column_of<'n>(&self, name: &'n str) -> Option<(&'n str, &'n str)> {
        let dots = name.match_indices('.');
        let mut parts = dots.map(|(at, _)| (&name[..at], &name[at + 1..]));
        parts.find(|(feature, _)| self.specs.contains_key(*feature))
    }

    /// An operand that is a number.
    pub fn number(&mut self, operand: &Operand) -> Result<Source> {
        self.asked(operand, "a number", &[Type::Double, Type::Int64, Type::Bool])
    }

    /// Several.
    pub fn numbers(&mut self, operands: &[Operand]) -> Result<Vec<Source>> {
        ensure!(!operands.is_empty(), "it lists no operand");
        operands.iter().map(|operand| self.number(operand)).collect()
    }

    /// An operand that is true or false.
    pub fn boolean(&mut self, operand: &Operand) -> Result<Source> {
        self.asked(operand, "a boolean", &[Type::Bool])
    }

    /// An operand that is a text.
    pub fn text(&mut self, operand: &Operand) -> Result<Source> {
        self.asked(operand, "a text", &[Type::String, Type::Int64])
    }

    /// Several.
    pub fn texts(&mut self, operands: &[Operand]) -> Result<Vec<Source>> {
        ensure!(!operands.is_empty(), "it lists no operand");
        operands.iter().map(|operand| self.text(operand)).collect()
    }

    /// An operand that is a string.
    pub fn string(&mut self, operand: &Operand) -> Result<Source> {
        self.asked(operand, "a string", &[Type::String])
    }

    fn asked(&mut self, operand: &Operand, what: &str, types: &[Type]) -> Result<Source> {
        let source = self.operand(operand)?;
        source.check(what, types).with_context(|| format!("{operand}"))?;
        Ok(source)
    }

    fn unknown(&self, name: &str) -> String {
        let field = format!("a field of the record is written as a JSON pointer, `/{name}`");
        let names: Vec<_> = self.specs.keys().map(|name| format!("`{name}`")).collect();
        format!("there is no feature `{name}`: there are {}; {field}", some(&names))
    }
}

/// The first few.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}
