//! Writes aggregates like the Kinesis Producer Library:
//! <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>

use md5::{Digest, Md5};
use prost::Message;

#[derive(Message)]
struct AggregatedRecord {
    #[prost(string, repeated, tag = "1")]
    partition_key_table: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<UserRecord>,
}

#[derive(Message)]
struct UserRecord {
    #[prost(uint64, required, tag = "1")]
    partition_key_index: u64,
    #[prost(bytes = "vec", required, tag = "3")]
    data: Vec<u8>,
}

/// The payload of a record with several user records. Each is a partition key and its data.
pub fn aggregate<K: AsRef<str>, D: AsRef<[u8]>>(records: &[(K, D)]) -> Vec<u8> {
    let mut message = AggregatedRecord { partition_key_table: Vec::new(), records: Vec::new() };
    for (key, data) in records {
        let known = message.partition_key_table.iter().position(|known| known == key.as_ref());
        let index = known.unwrap_or_else(|| {
            message.partition_key_table.push(key.as_ref().to_owned());
            message.partition_key_table.len() - 1
        });
        let data = data.as_ref().to_vec();
        message.records.push(UserRecord { partition_key_index: index as u64, data });
    }
    let body = message.encode_to_vec();
    [b"\xF3\x89\x9A\xC2".as_slice(), &body, &Md5::digest(&body)].concat()
}
