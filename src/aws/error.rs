//! What a service says of an error. Its texts are not ours: a message may quote the request, with payloads, and anything
//! may answer in place of AWS.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use predictor::plain_text;

/// The most characters of an error code.
const MAX_CODE: usize = 64;

/// Codes of a missing permission, in all services.
const DENIED: [&str; 4] = ["AccessDenied", "AccessDeniedException", "Forbidden", "KMSAccessDeniedException"];

/// An error code without anything that AWS does not put into one.
#[must_use]
pub fn code(code: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
    let code: String = code.chars().take_while(plain).take(MAX_CODE).collect();
    if code.is_empty() { "an error without a code".to_owned() } else { code }
}

/// Describes an error by its code, or by what kept the request from reaching the service. The service's message is left
/// out, because it may quote a payload. A missing permission is named by `action`, which says what was asked of AWS:
/// `s3:GetObject`.
#[must_use]
pub fn describe<E, R>(error: &SdkError<E, R>, action: &str) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match (error, error.code()) {
        (_, Some(found)) => {
            let code = code(found);
            let denied = DENIED.contains(&code.as_str());
            if denied { format!("{code}: the role needs the permission {action}") } else { code }
        }
        (SdkError::ServiceError(_), None) => "an error without a code".to_owned(),
        (SdkError::ResponseError(_), None) => {
            "the answer is broken off, too long, or not understood".to_owned()
        }
        _ => plain_text::line(&chain(error)),
    }
}

/// An error and its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::put_object::PutObjectError;

    fn described(code: &str, message: &str) -> String {
        let metadata = ErrorMetadata::builder().code(code).message(message).build();
        describe(&SdkError::service_error(PutObjectError::generic(metadata), ()), "s3:PutObject")
    }

    #[test]
    fn a_message_of_a_service_is_left_out_and_a_permission_is_named() {
        assert_eq!(described("NoSuchBucket", "secret"), "NoSuchBucket");
        assert_eq!(
            described("AccessDenied", "secret"),
            "AccessDenied: the role needs the permission s3:PutObject"
        );
    }

    #[test]
    fn a_code_has_only_characters_of_a_code() {
        assert_eq!(code("ValidationException\n FORGED"), "ValidationException");
        assert_eq!(code("\u{1b}[31m"), "an error without a code");
        assert_eq!(code(&"a".repeat(MAX_CODE + 1)).len(), MAX_CODE);
    }

    #[test]
    fn what_kept_a_request_from_the_service_is_told() {
        let error = SdkError::<PutObjectError, ()>::timeout_error("the connection\nis slow");
        assert!(describe(&error, "").ends_with("the connection is slow"), "{}", describe(&error, ""));
        let error = SdkError::<PutObjectError, ()>::response_error("secret", ());
        assert!(!describe(&error, "").contains("secret"));
    }
}
