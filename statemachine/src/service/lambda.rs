//! Lambda: <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>.

use std::convert::Infallible;
use std::marker::PhantomData;

use crate::task::{Call, Callback, Service};
use crate::{Expression, Language};

/// The action `Invoke` of a function that returns an `Answer`.
#[derive(Debug)]
pub struct Invoke<Answer>(PhantomData<Answer>);

/// What Lambda answers.
#[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
#[derive(Debug)]
pub struct Invocation<Answer> {
    /// What the function returned.
    pub Payload: Answer,
    /// The version that ran.
    pub ExecutedVersion: String,
    /// The status of the call: 200.
    pub StatusCode: u64,
}

impl<Answer> Service for Invoke<Answer> {
    type Response = Invocation<Answer>;
    type Error = Infallible;
    const RESOURCE: &'static str = "arn:aws:states:::lambda:invoke";
}

impl<Answer> Callback for Invoke<Answer> {}

/// Invokes a function by its name, its ARN or a placeholder. It takes a `Payload` and returns an `Answer`.
pub fn invoke<In, Payload, Answer, L: Language>(
    function: &str,
    payload: Expression<In, Payload, L>,
) -> Call<In, Invoke<Answer>, L> {
    Call::new().text("FunctionName", function).value("Payload", payload)
}
