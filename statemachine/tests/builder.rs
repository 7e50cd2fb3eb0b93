//! Machines as the builder makes them, run by the interpreter: what is written in types is what happens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;

use serde_json::{Value, json};
use statemachine::interpreter::{Execution, Interpreter, TaskError};
use statemachine::service::{dynamodb, eventbridge, lambda, s3, sns, sqs, states};
use statemachine::{
    Batch, Batcher, Choice, Delimiter, ErrorName, ErrorOutput, ExecutionType, Expression, Fail, InventoryObject,
    JsonPath, ListedObject, Map, Parallel, Pass, Raised, Reader, ResultWriter, Retry, StateMachine, Step, Succeed,
    Task, Wait, field, object,
};

struct Order {
    id: String,
    total: u64,
    voucher: Option<String>,
}

struct Receipt {
    order: String,
    paid: u64,
}

#[derive(Clone, Copy)]
enum ChargeError {
    BankBusy,
    Declined,
}

impl Raised for ChargeError {
    fn name(&self) -> &str {
        match self {
            Self::BankBusy => "BankBusy",
            Self::Declined => "Declined",
        }
    }
}

const CHARGE: &str = "${ChargeFunctionArn}";

/// A machine of one state.
fn single<In, Out>(step: Step<In, Out>) -> StateMachine<In, Out> {
    let mut machine = StateMachine::builder("");
    let start = machine.add("Only", step);
    machine.build(&start).unwrap()
}

fn run<In, Out, L>(machine: &StateMachine<In, Out, L>, input: Value) -> Execution {
    Interpreter::new(machine.definition()).unwrap().run(input).unwrap()
}

#[track_caller]
fn check<In, Out, L>(machine: &StateMachine<In, Out, L>, input: Value, output: Value) {
    let execution = run(machine, input);
    assert_eq!(execution.output(), Some(&output), "{:?} {:?}", execution.error(), execution.cause());
}

fn order(total: u64, voucher: Value) -> Value {
    json!({"id": "a", "total": total, "voucher": voucher})
}

#[test]
fn a_task_retries_keeps_and_catches_what_its_types_say() {
    let mut machine = StateMachine::<Order, Receipt>::builder("Charges an order.");
    let paid = machine.variable::<u64>("paid");
    let done =
        machine.add("Done", Pass::output(object!(Receipt { order: Expression::input(), paid: paid.value() })).end());
    let refused = machine.add("Refused", Fail::new("Refused", Expression::<String, _>::input()));
    let charge = Task::lambda::<Order, u64>(CHARGE)
        .raises::<ChargeError>()
        .timeout_seconds(30)
        .retry(Retry::on([ChargeError::BankBusy]).or_on(ErrorName::LAMBDA_TRANSIENT).max_attempts(2))
        .catch_with(
            [ChargeError::Declined],
            |order, error| field!(order.id).concat(": ").concat(field!(error.Error)),
            &refused,
        )
        .assign(&paid, |order, result| result - field!(order.total))
        .output(|order, _| field!(order.id));
    let charge = machine.add("Charge", charge.then(&done));
    let machine = machine.build(&charge).unwrap();

    let mut calls = 0;
    let mut interpreter = Interpreter::new(machine.definition()).unwrap().task(CHARGE, |order| {
        calls += 1;
        match order["total"].as_u64() {
            Some(13) => Err(TaskError::new("Declined", "no")),
            _ if calls < 3 => Err(TaskError::new("BankBusy", "later")),
            total => Ok(json!(total.unwrap() + 5)),
        }
    });
    let execution = interpreter.run(order(7, Value::Null)).unwrap();
    assert_eq!(execution.output(), Some(&json!({"order": "a", "paid": 5})));
    let execution = interpreter.run(order(13, Value::Null)).unwrap();
    assert_eq!((execution.error(), execution.cause()), (Some("Refused"), Some("a: Declined")));
}

#[test]
fn fields_of_every_kind_are_compared_in_both_languages() {
    struct All {
        number: i64,
        text: String,
        flag: bool,
        moment: jiff::Timestamp,
        note: Option<String>,
    }
    let moment: jiff::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();

    let mut machine = StateMachine::<All, All>::builder("");
    let yes = machine.add("Yes", Succeed::new());
    let no = machine.add("No", Fail::new("No", "one of them does not hold"));
    let all = field!(All, number)
        .less_than(3)
        .and(field!(All, text).equals("a"))
        .and(field!(All, flag).negate())
        .and(field!(All, moment).at_least(moment))
        .and(field!(All, note).is_some_and(|note| note.equals("x")));
    let start = machine.add("All", Choice::when(all, &yes).otherwise(&no));
    let jsonata = machine.build(&start).unwrap();

    let mut machine = StateMachine::<All, All, JsonPath>::json_path_builder("");
    let yes = machine.add("Yes", Succeed::new());
    let no = machine.add("No", Fail::new("No", "one of them does not hold"));
    let input = Expression::<All, All, JsonPath>::input();
    let all = field!(input.number)
        .less_than(3)
        .and(field!(input.text).equals("a"))
        .and(field!(input.flag).equals(false))
        .and(field!(input.moment).at_least(moment))
        .and(field!(input.note).is_some_and(|note| note.equals("x")));
    let start = machine.add("All", Choice::when(all, &yes).otherwise(&no));
    let json_path = machine.build(&start).unwrap();

    let good = json!({"number": 2, "text": "a", "flag": false, "moment": "2026-03-01T12:00:00.000Z", "note": "x"});
    let wrong = [
        ("number", json!(3)),
        ("text", json!("b")),
        ("flag", json!(true)),
        ("moment", json!("2026-03-01T11:59:59Z")),
        ("note", Value::Null),
        ("note", json!("y")),
    ];
    for machine in [jsonata.definition(), json_path.definition()] {
        let mut interpreter = Interpreter::new(machine).unwrap();
        assert_eq!(interpreter.run(good.clone()).unwrap().error(), None);
        for (field, value) in &wrong {
            let mut bad = good.clone();
            bad[*field] = value.clone();
            assert_eq!(interpreter.run(bad).unwrap().error(), Some("No"), "{field} {value}");
        }
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove("note");
        assert_eq!(interpreter.run(without).unwrap().error(), Some("No"));
    }
}

#[test]
fn a_text_that_looks_like_an_expression_is_a_text() {
    let machine = single(Pass::output(Expression::<(), String>::from("{% 1 + 1 %}")).end());
    check(&machine, json!({}), json!("{% 1 + 1 %}"));
}

#[test]
fn a_field_that_may_be_missing_is_left_out_of_an_object() {
    struct Note {
        text: Option<String>,
        total: u64,
    }
    let note = object!(Note { text: field!(Order, voucher), total: field!(Order, total) });
    let machine = single(Pass::output(note).end());
    check(&machine, json!({"id": "a", "total": 1}), json!({"total": 1}));
    check(&machine, order(1, json!("v")), json!({"text": "v", "total": 1}));
    let machine = single(Pass::output(field!(Order, voucher).or_null()).end());
    check(&machine, json!({"id": "a", "total": 1}), Value::Null);
    check(&machine, order(1, json!("v")), json!("v"));
}

#[test]
fn json_path_places_a_result_in_the_input_and_takes_a_part() {
    struct Job {
        order: Order,
        charged: Option<Paid>,
        failure: Option<ErrorOutput>,
    }
    struct Paid {
        amount: u64,
    }

    let mut machine = StateMachine::<Job, Option<Paid>, JsonPath>::json_path_builder("");
    let input = Expression::<ErrorOutput, ErrorOutput, JsonPath>::input();
    let failed = machine.add("Failed", Fail::new(field!(input.Error), "see the log"));
    let error = field!(Job, failure).unwrap_or(object!(ErrorOutput { Error: "None", Cause: "nothing failed" }));
    let failure = machine.add_jsonata("Failure", Pass::output(error).then(&failed));
    let pause = machine.add("Pause", Wait::seconds(5).end());
    let charge = Task::call_with(
        |job: Expression<Job, Job, JsonPath>| field!(job.order),
        lambda::invoke::<Order, Order, u64, JsonPath>(CHARGE, Expression::input()),
    )
    .raises::<ChargeError>()
    .timeout_seconds(10)
    .retry(Retry::on([ChargeError::BankBusy]))
    .catch_at([ChargeError::Declined], |job| field!(job.failure), &failure)
    .result_selector(|result| object!(Paid { amount: field!(result.Payload) }))
    .result_path(|job| field!(job.charged))
    .output_path(|job| field!(job.charged));
    let charge = machine.add("Charge", charge.then(&pause));
    let machine = machine.build(&charge).unwrap();

    let mut interpreter =
        Interpreter::new(machine.definition()).unwrap().task(CHARGE, |order| match order["total"].as_u64() {
            Some(13) => Err(TaskError::new("Declined", "no")),
            total => Ok(json!(total)),
        });
    let execution = interpreter.run(json!({"order": order(7, Value::Null)})).unwrap();
    assert_eq!(execution.output(), Some(&json!({"amount": 7})), "{:?}", execution.cause());
    let execution = interpreter.run(json!({"order": order(13, Value::Null)})).unwrap();
    assert_eq!(execution.error(), Some("Declined"));
    insta::assert_snapshot!(machine);
}

#[test]
fn every_service_is_called_as_it_wants_to_be() {
    let key = || dynamodb::Attributes::new().string("id", field!(Order, id));
    let values = dynamodb::Attributes::new().number(":paid", field!(Order, total)).boolean(":done", true);
    let item = dynamodb::Attributes::new().string("id", field!(Order, id)).string("state", "new");
    let event = eventbridge::Event::new("${BusName}", "shop", "Charged", field!(Order, total));
    let whole = Expression::<Order, Order>::input;

    let mut machine = StateMachine::<Order, Option<String>>::builder("Calls all that can be called.");
    let get = Task::call(dynamodb::get_item("${Table}", key())).timeout_seconds(5);
    let get = get.output(|_, found| field!(found.Item).and_then(|item| item.string("state")).or_null());
    let next = machine.add("GetItem", get.end());
    let delete = Task::call(dynamodb::delete_item("${Table}", key())).timeout_seconds(5).output(|order, _| order);
    let next = machine.add("DeleteItem", delete.then(&next));
    let update = Task::call(dynamodb::update_item("${Table}", key(), "SET paid = :paid, done = :done", values));
    let next = machine.add("UpdateItem", update.timeout_seconds(5).output(|order, _| order).then(&next));
    let exists = machine.add("Exists", Fail::new("Exists", "the order is known"));
    let put = Task::call(dynamodb::put_item("${Table}", item).only_if("attribute_not_exists(id)"))
        .timeout_seconds(5)
        .catch([dynamodb::DynamoDbError::ConditionalCheckFailed], &exists)
        .output(|order, _| order);
    let next = machine.add("PutItem", put.then(&next));
    let publish = Task::call(sns::publish("${Topic}", whole()).subject("paid")).timeout_seconds(5);
    let next = machine.add("Publish", publish.output(|order, _| order).then(&next));
    let put = Task::call(eventbridge::put_events([event])).timeout_seconds(5).output(|order, _| order);
    let next = machine.add("PutEvents", put.then(&next));
    let send = Task::call(sqs::send_message("${Queue}", whole()).group("a").deduplication(field!(Order, id)));
    let next = machine.add("SendMessage", send.timeout_seconds(5).output(|order, _| order).then(&next));
    let start = Task::run_job(states::start_execution::<_, _, Order, _>("${Other}", whole()).name(field!(Order, id)));
    let start = start.timeout_seconds(60).output(|_, ended| field!(ended.Output));
    let next = machine.add("StartExecution", start.then(&next));
    let write = Task::call(s3::put_object("${Bucket}", field!(Order, id), whole())).timeout_seconds(5);
    let next = machine.add("PutObject", write.output(|order, _| order).then(&next));
    let read = Task::call(s3::get_object("${Bucket}", "prices.json")).timeout_seconds(5).output(|order, _| order);
    let next = machine.add("GetObject", read.then(&next));
    let ask = Task::wait_for_token(|token| {
        struct Question {
            order: String,
            token: String,
        }
        lambda::invoke::<Order, Question, bool, _>("ask", object!(Question { order: field!(Order, id), token: token }))
    });
    let ask = ask.timeout_seconds(86_400).heartbeat_seconds(3600).output(|order, _: Expression<Order, bool>| order);
    let ask = machine.add("Ask", ask.then(&next));
    let machine = machine.build(&ask).unwrap();

    let mut interpreter = Interpreter::new(machine.definition()).unwrap().task("ask", |question| {
        assert!(question["token"].is_string(), "{question}");
        Ok(json!(true))
    });
    for action in ["s3:getObject", "s3:putObject"] {
        interpreter = interpreter.task(format!("arn:aws:states:::aws-sdk:{action}"), |_| Ok(json!({})));
    }
    let found = json!({"Item": {"id": {"S": "a"}, "state": {"S": "new"}}});
    let answers = [
        ("states:startExecution.sync:2", json!({"ExecutionArn": "arn", "Output": order(8, Value::Null)})),
        ("sqs:sendMessage", json!({"MessageId": "m"})),
        ("events:putEvents", json!({"FailedEntryCount": 0})),
        ("sns:publish", json!({"MessageId": "m"})),
        ("dynamodb:putItem", json!({})),
        ("dynamodb:updateItem", json!({})),
        ("dynamodb:deleteItem", json!({})),
        ("dynamodb:getItem", found),
    ];
    for (action, answer) in answers {
        interpreter = interpreter.task(format!("arn:aws:states:::{action}"), move |_| Ok(answer.clone()));
    }
    let execution = interpreter.run(order(7, Value::Null)).unwrap();
    assert_eq!(execution.output(), Some(&json!("new")), "{:?}", execution.cause());
    insta::assert_snapshot!(machine);
    let permissions: Vec<String> = machine.permissions().unwrap().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(permissions.join("\n"));
}

#[test]
fn every_service_that_can_waits_for_a_job_or_a_token() {
    struct Letter {
        token: String,
    }
    fn definition<In, Out>(step: Step<In, Out>) -> Value {
        single(step).definition()["States"]["Only"].clone()
    }
    type Token = Expression<Order, String>;
    let letter = |token: Token| object!(Letter { token: token });
    let started = |token: Token| states::start_execution::<_, _, (), _>("${Other}", letter(token));
    let event =
        |token: Token| eventbridge::put_events([eventbridge::Event::new("bus", "shop", "Asked", letter(token))]);
    let waiting: [Step<Order, bool>; 6] = [
        Task::wait_for_token(|token| lambda::invoke::<_, _, (), _>("ask", letter(token))).timeout_seconds(9).end(),
        Task::wait_for_token(|token| sqs::send_message("${Queue}", letter(token))).timeout_seconds(9).end(),
        Task::wait_for_token(|token| sns::publish("${Topic}", letter(token))).timeout_seconds(9).end(),
        Task::wait_for_token(event).timeout_seconds(9).end(),
        Task::wait_for_token(started).timeout_seconds(9).end(),
        Task::wait_for_token(|token| s3::put_object("bucket", "a", letter(token))).timeout_seconds(9).end(),
    ];
    for step in waiting {
        let state = definition(step);
        assert!(state["Resource"].as_str().unwrap().ends_with(".waitForTaskToken"), "{state}");
        assert!(state["Arguments"].to_string().contains("$states.context.Task.Token"), "{state}");
    }
    let job: Step<Order, u64> = Task::run_job(states::start_execution("${Other}", Expression::<Order, Order>::input()))
        .timeout_seconds(9)
        .output(|_, ended| field!(ended.Output))
        .end();
    assert_eq!(definition(job)["Resource"], "arn:aws:states:::states:startExecution.sync:2");
}

#[test]
fn a_task_acts_as_another_role() {
    let role = "arn:aws:iam::210987654321:role/charges";
    let machine = single(Task::lambda::<Order, u64>(CHARGE).as_role(role).timeout_seconds(9).end());
    assert_eq!(machine.definition()["States"]["Only"]["Credentials"], json!({"RoleArn": role}));
    assert_eq!(machine.permissions().unwrap()[0].to_string(), format!("sts:AssumeRole on {role}"));
}

#[test]
fn branches_of_different_types_come_together() {
    let left = single(Pass::output(field!(Order, id)).end());
    let right = single(Pass::output(field!(Order, total).greater_than(5)).end());
    let mut machine = StateMachine::<Order, String>::builder("");
    let both = Parallel::of((&left, &right))
        .catch([ErrorName::All], &{ machine.add("Failed", Fail::new(field!(ErrorOutput, Error), "a branch failed")) });
    let both = both.output(|_, result| {
        let (id, is_large) = result.split();
        id.concat(is_large.to_json_string())
    });
    let start = machine.add("Both", both.end());
    let error = machine.build(&start).unwrap_err().to_string();
    assert!(error.contains("ASL106"), "two branches with a state of one name: {error}");
}

struct Row {
    id: String,
    n: String,
}

#[test]
fn a_distributed_map_reads_every_form_of_list() {
    fn rows(reader: Reader<(), Row>) -> StateMachine<(), Vec<String>> {
        let inner = single(Pass::output(field!(Row, id).concat(field!(Row, n))).end());
        let mut machine = StateMachine::builder("");
        let rows = Map::read(reader).distributed(ExecutionType::Standard, &inner).max_concurrency(3).label("rows");
        let start = machine.add("Rows", rows.end());
        machine.build(&start).unwrap()
    }
    let files = [
        ("a.json", "[{\"id\":\"a\",\"n\":\"1\"},{\"id\":\"b\",\"n\":\"2\"}]", rows(Reader::json("files", "a.json"))),
        (
            "b.json",
            "{\"rows\":[{\"id\":\"a\",\"n\":\"1\"},{\"id\":\"b\",\"n\":\"2\"}]}",
            rows(Reader::json_at("files", "b.json", "/rows")),
        ),
        (
            "a.jsonl",
            "{\"id\":\"a\",\"n\":\"1\"}\n{\"id\":\"b\",\"n\":\"2\"}",
            rows(Reader::json_lines("files", "a.jsonl")),
        ),
        ("a.csv", "id,n\na,1\nb,2\nc,3", rows(Reader::csv("files", "a.csv").max_items(2))),
        ("c.csv", "id|n\na|1\nb|2", rows(Reader::csv("files", "c.csv").delimiter(Delimiter::Pipe))),
        ("b.csv", "a,1\nb,2", rows(Reader::csv_of("files", "b.csv", &["id", "n"]))),
    ];
    for (key, text, machine) in files {
        let mut interpreter = Interpreter::new(machine.definition()).unwrap().object("files", key, text);
        assert_eq!(interpreter.run(json!({})).unwrap().output(), Some(&json!(["a1", "b2"])), "{key}");
    }
}

#[test]
fn a_distributed_map_lists_a_bucket_in_batches_and_writes_what_comes_of_it() {
    struct Folder {
        prefix: String,
    }
    struct Work {
        key: String,
        prefix: String,
    }
    let mut batch = StateMachine::<Batch<Work, String>, u64>::builder("");
    let start = batch.add("Count", Pass::output(field!(Batch<Work, String>, Items).count()).end());
    let batch = batch.build(&start).unwrap();

    let mut machine = StateMachine::<Folder, String>::builder("");
    let objects: Reader<Folder, ListedObject> = Reader::objects("files", field!(Folder, prefix));
    let map = Map::read(objects)
        .select(|folder, object| object!(Work { key: field!(object.Key), prefix: field!(folder.prefix) }))
        .batch(Batcher::items(2).input(field!(Folder, prefix)))
        .distributed(ExecutionType::Express, &batch)
        .tolerated_failure_count(1)
        .write_results(ResultWriter::to("results", "counts"))
        .output(|_, written| field!(written.ResultWriterDetails.Key));
    let start = machine.add("Files", map.end());
    let machine = machine.build(&start).unwrap();

    let mut interpreter = Interpreter::new(machine.definition()).unwrap();
    for key in ["in/a", "in/b", "in/c", "out/d"] {
        interpreter = interpreter.object("files", key, "");
    }
    let execution = interpreter.run(json!({"prefix": "in/"})).unwrap();
    let manifest = execution.output().unwrap().as_str().unwrap();
    let manifest: Value = serde_json::from_slice(&interpreter.read_object("results", manifest).unwrap()).unwrap();
    let results = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap();
    let results: Value = serde_json::from_slice(&interpreter.read_object("results", results).unwrap()).unwrap();
    let outputs: Vec<&str> =
        results.as_array().unwrap().iter().filter_map(|result| result["Output"].as_str()).collect();
    assert_eq!(outputs, ["2", "1"]);
    insta::assert_snapshot!(machine);
}

#[test]
fn an_inventory_is_a_list_of_objects() {
    let copy = single(Pass::output(field!(InventoryObject, Key)).end());
    let mut machine = StateMachine::<(), Vec<String>>::builder("");
    let objects = Map::read(Reader::inventory("inventory", "2026/manifest.json"));
    let start = machine.add("Objects", objects.distributed(ExecutionType::Express, &copy).end());
    let machine = machine.build(&start).unwrap();
    let reader = &machine.definition()["States"]["Objects"]["ItemReader"];
    assert_eq!(reader["ReaderConfig"], json!({"InputType": "MANIFEST"}));

    let manifest = json!({
        "sourceBucket": "files",
        "destinationBucket": "arn:aws:s3:::inventory",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "data/1.csv.gz", "size": 40}, {"key": "data/2.csv.gz", "size": 40}]
    });
    let packed = |rows: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(rows.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let mut interpreter = Interpreter::new(machine.definition())
        .unwrap()
        .object("inventory", "2026/manifest.json", manifest.to_string())
        .object("inventory", "data/1.csv.gz", packed("\"files\",\"a\",\"3\"\n\"files\",\"b%20c\",\"4\"\n"))
        .object("inventory", "data/2.csv.gz", packed("\"files\",\"d\",\"5\"\n"));
    assert_eq!(interpreter.run(json!({})).unwrap().output(), Some(&json!(["a", "b%20c", "d"])));
    let mut interpreter = interpreter.object("inventory", "data/2.csv.gz", "no gzip");
    assert_eq!(interpreter.run(json!({})).unwrap().error(), Some("States.ItemReaderFailed"));
}

#[test]
fn results_are_written_as_the_writer_says() {
    struct Numbers {
        list: Vec<u64>,
    }
    fn written(writer: ResultWriter<Vec<Numbers>>) -> String {
        let inner = single(Pass::output(field!(Numbers, list)).end());
        let mut machine = StateMachine::<Vec<Numbers>, String>::builder("");
        let map = Map::over(Expression::<Vec<Numbers>, Vec<Numbers>>::input());
        let map = map.distributed(ExecutionType::Standard, &inner).write_results(writer);
        let start = machine.add("Each", map.output(|_, written| field!(written.ResultWriterDetails.Key)).end());
        let machine = machine.build(&start).unwrap();
        let mut interpreter = Interpreter::new(machine.definition()).unwrap();
        let execution = interpreter.run(json!([{"list": [1, 2]}, {"list": [3]}])).unwrap();
        let read = |key: &str| String::from_utf8(interpreter.read_object("out", key).unwrap()).unwrap();
        let manifest: Value = serde_json::from_str(&read(execution.output().unwrap().as_str().unwrap())).unwrap();
        read(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap())
    }
    let to = || ResultWriter::to("out", "results");
    let records: Value = serde_json::from_str(&written(to())).unwrap();
    assert_eq!((&records[1]["Output"], &records[1]["Status"]), (&json!("[3]"), &json!("SUCCEEDED")));
    assert_eq!(written(to().compact()), "[[1,2],[3]]");
    assert_eq!(written(to().flatten()), "[1,2,3]");
    assert_eq!(written(to().json_lines().flatten()), "1\n2\n3\n");

    let inner = single(Pass::output(field!(Numbers, list)).end());
    let mut machine = StateMachine::<Vec<Numbers>, Vec<u64>>::builder("");
    let map = Map::over(Expression::<Vec<Numbers>, Vec<Numbers>>::input());
    let start = machine.add("Each", map.distributed(ExecutionType::Standard, &inner).flatten_results().end());
    check(&machine.build(&start).unwrap(), json!([{"list": [1, 2]}, {"list": [3]}]), json!([1, 2, 3]));
}

#[test]
fn a_map_in_json_path_selects_by_paths() {
    struct Cart {
        prices: Vec<u64>,
        owner: String,
    }
    struct Line {
        price: u64,
        owner: String,
    }
    let mut line = StateMachine::<Line, u64, JsonPath>::json_path_builder("");
    let input = Expression::<Line, Line, JsonPath>::input();
    let start = line.add("Price", Pass::input_path(field!(input.price)).end());
    let line = line.build(&start).unwrap();

    let mut machine = StateMachine::<Cart, Vec<u64>, JsonPath>::json_path_builder("");
    let input = Expression::<Cart, Cart, JsonPath>::input();
    let map = Map::over(field!(input.prices))
        .select(|cart, price| object!(Line { price: price, owner: field!(cart.owner) }))
        .inline(&line);
    let start = machine.add("Lines", map.end());
    let machine = machine.build(&start).unwrap();
    check(&machine, json!({"prices": [3, 4], "owner": "a"}), json!([3, 4]));
}
