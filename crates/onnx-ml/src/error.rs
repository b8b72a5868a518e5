//! Why a model cannot be read, planned or run.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::time::Duration;

use limits::names::start_of;

/// What an [`Error`] was caused by: a message with the place in the graph, and its own sources.
pub type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// Why a model cannot be read, planned or run.
///
/// The variant says what a caller can do about it. The message says which node, input or attribute is at
/// fault. Some facts are in the sources of the error: print the whole chain, as `{:#}` of `anyhow::Error`
/// does.
///
/// ```
/// use onnx_ml::{Error, Graph};
///
/// match Graph::read("no/such/model.onnx") {
///     Err(Error::Read { path, .. }) => assert_eq!(path.to_str(), Some("no/such/model.onnx")),
///     other => panic!("expected a file that cannot be read, found {other:?}"),
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's file cannot be read.
    #[error("cannot read the model's file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not an ONNX model: it is something else, or it is cut off.
    #[error("not an ONNX model")]
    NotOnnx(#[source] Cause),
    /// The graph breaks a rule of ONNX: a name that nothing gives, a tensor that does not fill its shape.
    #[error(transparent)]
    Malformed(Cause),
    /// The graph needs something that cannot run here: an operator, a version, or the type of an input or
    /// output.
    #[error(transparent)]
    Unsupported(Cause),
    /// The graph, or what it makes of a row, exceeds a bound.
    #[error(transparent)]
    TooLarge(Cause),
    /// Planning or running the graph takes longer than it may.
    #[error(transparent)]
    Deadline(Cause),
    /// The graph cannot be planned for inputs of these shapes: an operator refuses what it reads or its
    /// attributes.
    #[error(transparent)]
    Plan(Cause),
    /// The graph fails on these inputs. It may still run on others.
    #[error(transparent)]
    Run(Cause),
    /// The graph has no output of this index.
    #[error("the graph has no output {0}")]
    NoOutput(usize),
}

/// Marks what becomes [`Error::TooLarge`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Exceeds(pub String);

/// Marks what becomes [`Error::Deadline`].
#[derive(Debug, thiserror::Error)]
#[error("planning the graph: not done after {:.1} seconds, still {doing}", time.as_secs_f64())]
pub(crate) struct Late {
    /// What planning was doing.
    pub doing: &'static str,
    /// The time that it took so far.
    pub time: Duration,
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn not_onnx(error: impl Into<Cause>) -> Self {
        Self::NotOnnx(error.into())
    }

    pub(crate) fn malformed(error: anyhow::Error) -> Self {
        Self::sort(error, Self::Malformed)
    }

    pub(crate) fn unsupported(error: anyhow::Error) -> Self {
        Self::sort(error, Self::Unsupported)
    }

    pub(crate) fn run(error: anyhow::Error) -> Self {
        Self::sort(error, Self::Run)
    }

    pub(crate) fn plan(error: anyhow::Error) -> Self {
        Self::sort(error, Self::Plan)
    }

    pub(crate) fn file(error: anyhow::Error) -> Self {
        Self::sort(error, Self::NotOnnx)
    }

    /// The variant that the error was made as, or is marked for, else `other`.
    fn sort(error: anyhow::Error, other: fn(Cause) -> Self) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            // What was found within tract when the time was up says nothing about the graph.
            Err(error) if error.is::<Late>() => {
                Self::Deadline(error.downcast::<Late>().map_or_else(short, Into::into))
            }
            Err(error) if error.is::<limits::Late>() => Self::Deadline(short(error)),
            Err(error) if error.is::<Exceeds>() => Self::TooLarge(short(error)),
            Err(error) => other(short(error)),
        }
    }
}

/// The most characters of a message. tract's messages print tensors, shapes and operators.
const MAX_MESSAGE: usize = 1_500;

/// The most messages of a chain.
const MAX_CHAIN: usize = 8;

/// One of the messages of an error, or its start.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Short {
    message: String,
    source: Option<Box<Self>>,
}

/// The messages of an error, cut. Of a long chain, those in the middle are left out.
fn short(error: anyhow::Error) -> Cause {
    let long = |error: &(dyn StdError + 'static)| error.to_string().len() > MAX_MESSAGE;
    let count = error.chain().count();
    if count <= MAX_CHAIN && !error.chain().any(long) {
        return error.into();
    }
    let shown =
        error.chain().enumerate().filter(|(at, _)| *at < MAX_CHAIN / 2 || at + MAX_CHAIN / 2 >= count);
    let messages: Vec<_> =
        shown.map(|(_, error)| start_of(&error.to_string(), MAX_MESSAGE).into_owned()).collect();
    let chain =
        messages.into_iter().rev().fold(None, |source, message| Some(Box::new(Short { message, source })));
    chain.map_or_else(|| error.into(), |short| short as Cause)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn marked_errors_get_their_variant_and_keep_their_chain() {
        let large = Err::<(), _>(Exceeds("100 bytes".to_owned())).context("node `a`").unwrap_err();
        let large = Error::plan(large);
        assert!(matches!(large, Error::TooLarge(_)), "{large:?}");
        assert_eq!(format!("{:#}", anyhow!(large)), "node `a`: 100 bytes");

        let late =
            Error::malformed(anyhow!(Late { doing: "reading it", time: Duration::ZERO }).context("tract"));
        assert!(matches!(late, Error::Deadline(_)), "{late:?}");

        let long = (0..100)
            .fold(anyhow!("inner".repeat(1_000)), |error, level| error.context(format!("level {level}")));
        let long = format!("{:#}", anyhow!(Error::plan(long)));
        assert!(long.starts_with("level 99: level 98: ") && long.contains("level 0: innerinner"), "{long}");
        assert!(long.len() < 2_000, "{long}");

        let other = Error::unsupported(anyhow!("inner").context("outer"));
        assert!(matches!(other, Error::Unsupported(_)), "{other:?}");
        assert_eq!(format!("{:#}", anyhow!(other)), "outer: inner");
    }
}
