//! Lanes and sinks. A lane that stops or waits does not hold up another. A record is settled once every sink
//! has accepted its result.

use predictor::model::directory::ModelDirectory;
use serde_json::json;
use stream_predictor::batch::Handler;
use stream_predictor::doors::kinesis;
use stream_predictor::quarantine::Quarantine;
use stream_predictor::record::Record;
use stream_predictor::sinks::{KinesisSink, Sink};
use stream_predictor_local::fake::{Cloud, Faults};

use crate::support::{RIDE, entry, event, fixtures, model_directory, seconds, sequence_number};

const STREAM: &str = "ride_predictions";

fn cloud() -> Cloud {
    let cloud = Cloud::new(7);
    cloud.create_stream(STREAM, 1);
    cloud
}

fn sink(cloud: &Cloud) -> Sink {
    Sink::Kinesis(KinesisSink::new(cloud.kinesis(), STREAM.to_owned()))
}

fn handler(sinks: Vec<Sink>) -> Handler {
    let model = ModelDirectory::open(&model_directory(&fixtures().join("mlflow3"))).unwrap();
    Handler::load(&model, None, Quarantine::Nowhere, sinks, &limits::Clock::unlimited()).unwrap()
}

/// The records of a lane, with these payloads.
fn lane(shard: &str, payloads: &[&str]) -> Vec<Record<'static>> {
    let record = |(place, payload): (usize, &&str)| {
        let mut entry = entry(place, &format!("{shard}-{place}"), payload.as_bytes());
        entry["eventID"] = json!(format!("{shard}:{}", sequence_number(place)));
        kinesis::parse_entry(&entry.to_string()).unwrap().into_owned()
    };
    payloads.iter().enumerate().map(record).collect()
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_stops_does_not_stop_another() {
    let cloud = cloud();
    let poisoned = lane("a", &[RIDE, "poison", RIDE]);
    let (sound, empty) = (lane("b", &[RIDE; 3]), []);
    let lanes: [&[Record]; 3] = [&poisoned, &sound, &empty];
    let batch = handler(vec![sink(&cloud)]).handle(&lanes, &seconds(30)).await;
    let settled: Vec<_> = batch.lanes.iter().map(|end| (end.settled, end.undelivered.is_some())).collect();
    assert_eq!(settled, [(1, true), (3, false), (0, false)]);
    let mut keys: Vec<_> = cloud.accepted(STREAM).into_iter().map(|record| record.key).collect();
    keys.sort();
    assert_eq!(keys, ["a-0", "b-0", "b-1", "b-2"]);
    let outcomes = batch.outcomes;
    assert_eq!((outcomes.published, outcomes.quarantined, outcomes.reported), (4, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_lane_whose_results_are_refused_until_the_deadline_does_not_hold_up_another() {
    let cloud = cloud();
    cloud.refuse_key(STREAM, "a-0");
    let stuck = lane("a", &[RIDE; 2]);
    // This lane has more records than one window holds.
    let long = lane("b", &vec![RIDE; 2_500]);
    let lanes: [&[Record]; 2] = [&stuck, &long];
    let batch = handler(vec![sink(&cloud)]).handle(&lanes, &seconds(30)).await;
    assert_eq!((batch.lanes[0].settled, batch.lanes[1].settled), (0, 2_500));
    assert!(batch.lanes[0].undelivered.is_some() && batch.lanes[1].undelivered.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_ends_of_many_lanes_come_in_the_order_of_the_lanes() {
    let cloud = cloud();
    let records: Vec<_> = (0..50).map(|shard| lane(&format!("s{shard}"), &vec![RIDE; shard % 7])).collect();
    let lanes: Vec<_> = records.iter().map(Vec::as_slice).collect();
    let batch = handler(vec![sink(&cloud)]).handle(&lanes, &seconds(30)).await;
    assert!(batch.lanes.iter().zip(&records).all(|(end, lane)| end.settled == lane.len()));
    assert_eq!(batch.outcomes.published, cloud.count(STREAM));
}

#[tokio::test(start_paused = true)]
async fn a_record_is_settled_once_both_sinks_have_its_result() {
    let (open, closed) = (cloud(), cloud());
    closed.set_faults(Faults { refused_entry: 1.0, ..Faults::default() });
    let handler = handler(vec![sink(&open), sink(&closed)]);
    let event = event(&[RIDE, RIDE, RIDE]);
    let answer = kinesis::handle(&handler, &event, &seconds(20)).await.unwrap();
    assert_eq!(answer.batch_item_failures[0].item_identifier, sequence_number(0));
    assert_eq!((open.count(STREAM), closed.count(STREAM)), (3, 0));

    closed.set_faults(Faults::default());
    let answer = kinesis::handle(&handler, &event, &seconds(20)).await.unwrap();
    assert_eq!((answer.batch_item_failures.len(), answer.outcomes.published), (0, 3));
    let data = |cloud: &Cloud| {
        let mut data: Vec<_> = cloud.accepted(STREAM).into_iter().map(|record| record.data).collect();
        data.sort();
        data
    };
    let once = data(&closed);
    let twice: Vec<_> = once.iter().flat_map(|data| [data.clone(), data.clone()]).collect();
    assert_eq!(data(&open), twice, "the second delivery has the same bytes");
}
