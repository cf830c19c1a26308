use super::parameter::VERSIONS_KEPT;
use super::*;
use serde_json::json;

fn store() -> Ssm {
    Ssm::new("us-east-1", "123456789012")
}

fn call(ssm: &mut Ssm, operation: &str, params: Value) -> Result<Value, ApiError> {
    ssm.call(Timestamp::UNIX_EPOCH, operation, &params)
}

fn put(ssm: &mut Ssm, name: &str, value: &str) -> Result<Value, ApiError> {
    call(
        ssm,
        "PutParameter",
        json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true}),
    )
}

fn code(result: Result<Value, ApiError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.status, 400);
    error.code
}

#[test]
fn a_write_is_read_back_with_its_version() {
    let mut ssm = store();
    let second = Timestamp::from_millisecond(1_500).unwrap();
    put(&mut ssm, "/p/a", "one").unwrap();
    let params = json!({"Name": "/p/a", "Value": "two", "Overwrite": true});
    let written = ssm.call(second, "PutParameter", &params).unwrap();
    assert_eq!(written, json!({"Version": 2, "Tier": "Standard"}));
    let read = call(&mut ssm, "GetParameter", json!({"Name": "/p/a"})).unwrap();
    let expected = json!({"Parameter": {"Name": "/p/a", "Type": "String", "Value": "two", "Version": 2,
        "LastModifiedDate": 1.5, "ARN": "arn:aws:ssm:us-east-1:123456789012:parameter/p/a", "DataType": "text"}});
    assert_eq!(read, expected);
    let first = call(&mut ssm, "GetParameter", json!({"Name": "/p/a:1"})).unwrap();
    assert_eq!(first["Parameter"]["Value"], "one");
    assert_eq!(ssm.value("/p/a"), Some("two"));
}

#[test]
fn changes_are_reported_once_in_order() {
    let mut ssm = store();
    put(&mut ssm, "/a", "1").unwrap();
    call(&mut ssm, "DeleteParameter", json!({"Name": "/a"})).unwrap();
    let change = |value: Option<&str>| ParameterChange {
        name: "/a".to_owned(),
        version: 1,
        value: value.map(str::to_owned),
    };
    assert_eq!(ssm.take_changes(), [change(Some("1")), change(None)]);
    assert_eq!(ssm.take_changes(), []);
}

#[test]
fn what_is_not_there_is_an_error_for_one_and_none_for_many() {
    let mut ssm = store();
    put(&mut ssm, "/a", "1").unwrap();
    let missing = call(&mut ssm, "GetParameter", json!({"Name": "/x"})).unwrap_err();
    assert_eq!(
        missing,
        ApiError {
            code: "ParameterNotFound".into(),
            message: String::new(),
            status: 400
        }
    );
    assert_eq!(
        code(call(&mut ssm, "DeleteParameter", json!({"Name": "/x"}))),
        "ParameterNotFound"
    );
    assert_eq!(
        code(call(&mut ssm, "GetParameter", json!({"Name": "/a:7"}))),
        "ParameterVersionNotFound"
    );
    let many = call(&mut ssm, "GetParameters", json!({"Names": ["/x", "/a"]})).unwrap();
    assert_eq!(many["Parameters"][0]["Name"], "/a");
    assert_eq!(many["InvalidParameters"], json!(["/x"]));
    let gone = call(&mut ssm, "DeleteParameters", json!({"Names": ["/x", "/a"]})).unwrap();
    assert_eq!(
        gone,
        json!({"DeletedParameters": ["/a"], "InvalidParameters": ["/x"]})
    );
    assert_eq!(ssm.value("/a"), None);
}

#[test]
fn lists_of_names_are_bounded() {
    let mut ssm = store();
    let names: Vec<_> = (0..11).map(|number| format!("/n{number}")).collect();
    for operation in ["GetParameters", "DeleteParameters"] {
        assert_eq!(
            code(call(&mut ssm, operation, json!({"Names": names}))),
            "ValidationException"
        );
        assert_eq!(
            code(call(&mut ssm, operation, json!({"Names": []}))),
            "ValidationException"
        );
    }
}

#[test]
fn an_existing_parameter_is_overwritten_only_by_wish() {
    let mut ssm = store();
    let params = json!({"Name": "/a", "Value": "1", "Type": "String"});
    call(&mut ssm, "PutParameter", params.clone()).unwrap();
    assert_eq!(
        code(call(&mut ssm, "PutParameter", params)),
        "ParameterAlreadyExists"
    );
    let other = json!({"Name": "/a", "Value": "1", "Type": "StringList", "Overwrite": true});
    assert_eq!(
        code(call(&mut ssm, "PutParameter", other)),
        "HierarchyTypeMismatchException"
    );
    assert_eq!(ssm.take_changes().len(), 1);
}

#[test]
fn wrong_input_is_refused() {
    let mut ssm = store();
    let cases = [
        json!({"Value": "1", "Type": "String"}),
        json!({"Name": "/a", "Type": "String"}),
        json!({"Name": "/a", "Value": "1"}),
        json!({"Name": "/a", "Value": "1", "Type": "Text"}),
        json!({"Name": "/a", "Value": "{{x}}", "Type": "String"}),
        json!({"Name": "/a", "Value": "1", "Type": "String", "Tier": "Cheap"}),
        json!({"Name": "/a", "Value": "1", "Type": "String", "Policies": "[]"}),
        json!({"Name": "/a", "Value": "1", "Type": "String", "Overwrite": true, "Tags": [{"Key": "k"}]}),
    ];
    for params in cases {
        assert_eq!(
            code(call(&mut ssm, "PutParameter", params.clone())),
            "ValidationException",
            "{params}"
        );
    }
    assert_eq!(
        code(call(&mut ssm, "LabelParameterVersion", json!({}))),
        "UnknownOperationException"
    );
    assert!(ssm.take_changes().is_empty());
}

#[test]
fn the_tier_bounds_the_value() {
    let mut ssm = store();
    let sized = |size: usize, tier: &str| json!({"Name": "/a", "Value": "x".repeat(size), "Type": "String", "Overwrite": true, "Tier": tier});
    call(&mut ssm, "PutParameter", sized(4096, "Standard")).unwrap();
    assert_eq!(
        code(call(&mut ssm, "PutParameter", sized(4097, "Standard"))),
        "ValidationException"
    );
    let grown = call(&mut ssm, "PutParameter", sized(4097, "Intelligent-Tiering")).unwrap();
    assert_eq!(grown["Tier"], "Advanced");
    assert_eq!(
        code(call(&mut ssm, "PutParameter", sized(8193, "Advanced"))),
        "ValidationException"
    );
    assert_eq!(
        code(call(&mut ssm, "PutParameter", sized(1, "Standard"))),
        "ValidationException"
    );
}

#[test]
fn old_versions_are_dropped() {
    let mut ssm = store();
    for number in 0..=VERSIONS_KEPT {
        put(&mut ssm, "/a", &number.to_string()).unwrap();
    }
    assert_eq!(
        code(call(&mut ssm, "GetParameter", json!({"Name": "/a:1"}))),
        "ParameterVersionNotFound"
    );
    assert_eq!(
        call(&mut ssm, "GetParameter", json!({"Name": "/a:2"})).unwrap()["Parameter"]["Value"],
        "1"
    );
}

#[test]
fn a_path_is_read_in_pages() {
    let mut ssm = store();
    for number in 10..35 {
        put(&mut ssm, &format!("/p/{number}"), "v").unwrap();
    }
    put(&mut ssm, "/p/10/deep", "v").unwrap();
    put(&mut ssm, "/q/1", "v").unwrap();
    let (mut names, mut sizes) = (Vec::new(), Vec::new());
    let mut params = json!({"Path": "/p"});
    loop {
        let page = call(&mut ssm, "GetParametersByPath", params.clone()).unwrap();
        let parameters = page["Parameters"].as_array().unwrap();
        sizes.push(parameters.len());
        names.extend(
            parameters
                .iter()
                .map(|parameter| parameter["Name"].as_str().unwrap().to_owned()),
        );
        let Some(token) = page.get("NextToken") else {
            break;
        };
        params["NextToken"] = token.clone();
    }
    assert_eq!(sizes, [10, 10, 5]);
    let expected: Vec<_> = (10..35).map(|number| format!("/p/{number}")).collect();
    assert_eq!(names, expected);
}

#[test]
fn a_path_query_is_checked() {
    let mut ssm = store();
    put(&mut ssm, "/p/a/b", "v").unwrap();
    let all = call(
        &mut ssm,
        "GetParametersByPath",
        json!({"Path": "/p/", "Recursive": true}),
    )
    .unwrap();
    assert_eq!(all["Parameters"].as_array().unwrap().len(), 1);
    let page = |ssm: &mut Ssm, params| code(call(ssm, "GetParametersByPath", params));
    assert_eq!(page(&mut ssm, json!({"Path": "p"})), "ValidationException");
    assert_eq!(
        page(&mut ssm, json!({"Path": "/p", "MaxResults": 11})),
        "ValidationException"
    );
    assert_eq!(
        page(&mut ssm, json!({"Path": "/p", "NextToken": "x"})),
        "InvalidNextToken"
    );
}

#[test]
fn a_stale_read_sees_the_version_before() {
    let mut ssm = store();
    let stale = |ssm: &mut Ssm| ssm.call_stale(Timestamp::UNIX_EPOCH, "GetParameter", &json!({"Name": "/a"}));
    put(&mut ssm, "/a", "1").unwrap();
    assert_eq!(code(stale(&mut ssm)), "ParameterNotFound");
    put(&mut ssm, "/a", "2").unwrap();
    assert_eq!(stale(&mut ssm).unwrap()["Parameter"]["Value"], "1");
    let path = json!({"Path": "/"});
    let all = ssm
        .call_stale(Timestamp::UNIX_EPOCH, "GetParametersByPath", &path)
        .unwrap();
    assert_eq!(all["Parameters"][0]["Version"], 1);
}
