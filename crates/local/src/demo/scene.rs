//! Starts everything for the demonstration: the stack, the streams, the model, the function and both
//! mappings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::aws_cli::AwsCli;
use super::prediction::{Place, Prediction};
use super::system::System;
use super::{Options, model_tree};
use crate::function::{Answer, Function};
use crate::logs::LogBook;
use crate::mapping::dead_letter::read_all;
use crate::mapping::{Mapping, Settings};
use crate::stack::Stack;

const MODELS: &str = "mlflow-models";
const GIVEN_UP: &str = "given-up";

/// The bucket for the records that the function quarantines.
const QUARANTINE: &str = "quarantine";

/// Number of shards of each stream. With more than one, shards are processed side by side.
const SHARDS: i32 = 2;

/// Time limit of one invocation.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Number of predictions that may wait to be shown.
const WAITING_PREDICTIONS: usize = 1024;

/// The running scene. Fields are dropped in their order, so the readers of streams end before the stack.
pub(super) struct Scene {
    mapping: Mapping,
    _output: Mapping,
    pub(super) predictions: mpsc::Receiver<Prediction>,
    pub(super) log: Arc<LogBook>,
    pub(super) cli: AwsCli,
    /// The input stream.
    pub(super) events: String,
    mapping_id: Uuid,
    stack: Stack,
}

impl Scene {
    /// Starts everything, and prints the progress.
    pub(super) async fn set(options: &Options, system: &dyn System) -> Result<Self> {
        let models = options.models();
        let model = model_tree::find(&models, options.run_id.as_deref())?;
        let ministack = executable(options, "ministack")?;
        let aws = executable(options, "aws")?;
        ensure!(options.function.is_file(), "{} is missing: run `make build`", options.function.display());

        let start = Instant::now();
        let stack = Stack::start(&ministack).await?;
        println!("Kinesis and S3 on {} after {:.1?}", stack.endpoint(), start.elapsed());
        let [events, output] = ["events", "predictions"].map(|what| format!("{}_{what}", system.noun()));
        stack.create_stream(&events, SHARDS).await?;
        stack.create_stream(&output, SHARDS).await?;
        stack.create_bucket(MODELS).await?;
        stack.create_bucket(GIVEN_UP).await?;
        stack.create_bucket(QUARANTINE).await?;
        let files = stack.upload_dir(&models, MODELS, "").await?;
        println!("run {} in s3://{MODELS}: {files} files", model.run_id);

        let start = Instant::now();
        let log = LogBook::new();
        let function = Self::function(options, &stack, &model, &output, Arc::clone(&log)).await?;
        println!("{} is ready after {:.1?}", options.function.display(), start.elapsed());

        let settings = Settings { on_failure_bucket: Some(GIVEN_UP.to_owned()), ..Settings::default() };
        let mapping_id = settings.id;
        let mapping =
            Mapping::start(stack.kinesis(), Some(stack.s3()), &events, settings, Arc::new(function)).await?;
        let (sender, predictions) = mpsc::channel(WAITING_PREDICTIONS);
        let output = Self::output(&stack, &output, system.id_member(), sender).await?;
        let cli = AwsCli::new(&aws, stack.env()).await?;
        Ok(Self { mapping, _output: output, predictions, log, cli, events, mapping_id, stack })
    }

    async fn function(
        options: &Options,
        stack: &Stack,
        model: &model_tree::Model,
        output: &str,
        log: Arc<LogBook>,
    ) -> Result<Function> {
        let quarantine = format!("s3://{QUARANTINE}/rejected");
        let own = [
            ("PREDICTIONS_STREAM_NAME", output),
            ("MODEL_BUCKET", MODELS),
            ("MLFLOW_EXPERIMENT_ID", model.experiment_id.as_str()),
            ("RUN_ID", model.run_id.as_str()),
            ("QUARANTINE_LOCATION", quarantine.as_str()),
        ];
        let mut env = stack.env();
        env.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let on_line = Arc::new(move |line: &str| log.read(line));
        Function::start_with_logs(&options.function, env, FUNCTION_TIMEOUT, on_line).await
    }

    /// Reads the predictions through a second mapping. A channel takes the place of its function.
    async fn output(
        stack: &Stack,
        stream: &str,
        id_member: &'static str,
        sender: mpsc::Sender<Prediction>,
    ) -> Result<Mapping> {
        let forward = move |event: String| {
            let sender = sender.clone();
            async move {
                for prediction in Prediction::parse_event(&event, id_member)? {
                    sender.send(prediction).await.context("the reader of the predictions is gone")?;
                }
                Ok(Answer::Response(Value::Null))
            }
        };
        Mapping::start(stack.kinesis(), None, stream, Settings::default(), Arc::new(forward)).await
    }

    /// Returns the number of records that the mapping gave up.
    pub(super) fn given_up(&self) -> usize {
        usize::try_from(self.mapping.statistics().total().discarded).unwrap_or(usize::MAX)
    }

    /// Returns the places of those records, from their copies in S3.
    pub(super) async fn reported(&self) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for batch in read_all(&self.stack.s3(), GIVEN_UP, self.mapping_id).await? {
            let event: Value =
                serde_json::from_str(&batch.payload).context("the batch that was given up holds no event")?;
            let records =
                event["Records"].as_array().context("the batch that was given up holds no records")?;
            places.extend(records.iter().filter_map(|record| {
                let (shard, sequence_number) = record["eventID"].as_str()?.split_once(':')?;
                Some((shard.to_owned(), sequence_number.to_owned()))
            }));
        }
        Ok(places)
    }
}

fn executable(options: &Options, name: &str) -> Result<std::path::PathBuf> {
    let path = options.venv.join("bin").join(name);
    ensure!(
        path.is_file(),
        "{} is missing: run `make .venv/ready`, or name a virtual environment with --venv",
        path.display()
    );
    Ok(path)
}
