//! The n-grams that `TfIdfVectorizer` counts, as a tree: an n-gram is a path of items from the root.

use hashbrown::{HashMap, HashSet};
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::ops::lookup::Lookup;
use crate::ops::operator::MAX_WIDTH;

/// N-grams of strings or integers, each with the column that counts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ngrams {
    /// The items of all n-grams.
    items: Lookup,
    /// The node that an item leads to from another node. The root is node 0.
    children: HashMap<(usize, usize), usize>,
    /// The n-gram that ends at each node, if there is one.
    ends: Vec<Option<Ngram>>,
    width: usize,
    longest: usize,
    have_own_columns: bool,
}

/// An item of an n-gram.
pub type Item = usize;

/// The column and weight of an n-gram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ngram {
    /// The column that counts it, below [`Ngrams::width`].
    pub column: usize,
    /// Its weight; 1 if the node has no weights.
    pub weight: f32,
}

impl Ngrams {
    /// Reads the pool, `ngram_counts`, `ngram_indexes`, `weights`, `min_gram_length` and `max_gram_length`.
    ///
    /// # Errors
    /// When the attributes do not match each other.
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        let strings: Vec<String> = node.get_attr_opt_vec("pool_strings")?.unwrap_or_default();
        let ints: Vec<i64> = node.get_attr_opt_vec("pool_int64s")?.unwrap_or_default();
        let pool = match (strings.len(), ints.len()) {
            (0, 0) => bail!("expected pool_strings or pool_int64s, found neither"),
            (_, 0) => tensor1(&strings),
            (0, _) => tensor1(&ints),
            (strings, ints) => {
                bail!("{strings} pool_strings and {ints} pool_int64s: give only one of the two")
            }
        };
        let starts: Vec<usize> = node.get_attr_vec("ngram_counts")?;
        let columns: Vec<usize> = node.get_attr_vec("ngram_indexes")?;
        let shortest: usize = node.get_attr("min_gram_length")?;
        let longest: usize = node.get_attr("max_gram_length")?;
        ensure!(
            1 <= shortest && shortest <= longest && longest <= starts.len(),
            "min_gram_length {shortest} and max_gram_length {longest} for {} ngram_counts",
            starts.len()
        );
        let width = columns.iter().max().context("ngram_indexes is empty")?;
        ensure!(*width < MAX_WIDTH, "ngram_indexes: {width} is not below {MAX_WIDTH}");

        let weights: Vec<f32> = node.get_attr_opt_vec("weights")?.unwrap_or_default();
        ensure!(
            [0, columns.len()].contains(&weights.len()),
            "{} weights for {} ngram_indexes",
            weights.len(),
            columns.len()
        );

        let items = Lookup::of_tensor(&pool)?;
        let places: Vec<usize> = items.places(&pool)?.into_iter().flatten().collect();
        let mut seen = HashSet::new();
        let have_own_columns = columns.iter().all(|column| seen.insert(column));
        let width = width + 1;
        let (children, ends) = (HashMap::new(), vec![None]);
        let mut ngrams = Self { items, children, ends, width, longest, have_own_columns };
        let ends = starts.iter().skip(1).copied().chain([pool.len()]);
        let weights = weights.into_iter().chain(std::iter::repeat(1.0));
        let mut left = columns.iter().zip(weights).map(|(&column, weight)| Ngram { column, weight });
        for ((length, &start), end) in (1..).zip(&starts).zip(ends) {
            let grams = places.get(start..end);
            let grams = grams.filter(|grams| grams.len().is_multiple_of(length)).with_context(|| {
                format!("ngram_counts: {start} to {end} of {} items for {length}-grams", pool.len())
            })?;
            for gram in grams.chunks_exact(length) {
                let ngram = left.next();
                let ngram =
                    ngram.with_context(|| format!("{} ngram_indexes for more n-grams", columns.len()))?;
                if (shortest..=longest).contains(&length) {
                    ngrams.insert(gram, ngram)?;
                }
            }
        }
        ensure!(left.next().is_none(), "{} ngram_indexes for fewer n-grams", columns.len());
        Ok(ngrams)
    }

    fn insert(&mut self, gram: &[usize], ngram: Ngram) -> TractResult<()> {
        let mut node = 0;
        for &item in gram {
            let new = self.ends.len();
            node = *self.children.entry((node, item)).or_insert(new);
            if node == new {
                self.ends.push(None);
            }
        }
        ensure!(self.ends[node].replace(ngram).is_none(), "an n-gram is in the pool twice");
        Ok(())
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether items of this type can be looked up.
    pub fn takes(&self, datum_type: DatumType) -> bool {
        self.items.takes(datum_type)
    }

    /// The item for a text, if some n-gram contains it.
    pub fn item(&self, text: &str) -> Option<Item> {
        self.items.place(text)
    }

    /// The items of a tensor, row-major.
    pub fn items(&self, tensor: &Tensor) -> TractResult<Vec<Option<Item>>> {
        self.items.places(tensor)
    }

    /// The n-gram that the item ends, and the node that it leads to from another: the root is 0.
    #[inline]
    pub fn step(&self, node: usize, item: Item) -> Option<(usize, Option<Ngram>)> {
        let next = *self.children.get(&(node, item))?;
        Some((next, self.ends[next]))
    }

    /// The most items of an n-gram.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Whether each column counts one n-gram. Then it does not matter in which order they are counted.
    pub fn have_own_columns(&self) -> bool {
        self.have_own_columns
    }
}
