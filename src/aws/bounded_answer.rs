//! Bounds what is read of an answer. A server that is not AWS could send one without an end.

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use http_body_util::Limited;

/// The most bytes of an answer. The largest is a page of a listing: 1 000 keys of 1 KiB, with escaped characters.
const MAX_BYTES: usize = 16 << 20;

/// Ends an answer that is longer than [`MAX_BYTES`], unless it is an object: whoever reads an object knows its size.
#[derive(Debug)]
pub(super) struct BoundedAnswer;

/// Marks a request for an object.
#[derive(Debug)]
struct AsksForAnObject;

impl Storable for AsksForAnObject {
    type Storer = StoreReplace<Self>;
}

impl Intercept for BoundedAnswer {
    fn name(&self) -> &'static str {
        "BoundedAnswer"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.input().downcast_ref::<GetObjectInput>().is_some() {
            state.interceptor_state().store_put(AsksForAnObject);
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        state: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_object = context.response().status().is_success() && state.load::<AsksForAnObject>().is_some();
        if !is_object {
            let body = context.response_mut().body_mut();
            *body = std::mem::replace(body, SdkBody::taken())
                .map(|body| SdkBody::from_body_1_x(Limited::new(body, MAX_BYTES)));
        }
        Ok(())
    }
}
