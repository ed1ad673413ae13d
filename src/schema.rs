//! The tables as Diesel sees them; the migrations are the source, a test compares both databases.
#![expect(missing_docs, reason = "the migrations say what each column holds")]

diesel::table! {
    users (id) {
        id -> Text,
        email -> Text,
        name -> Text,
        role -> Text,
        enabled -> Bool,
        password_hash -> Nullable<Text>,
        epoch -> Integer,
        theme -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        last_sign_in_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sign_in_links (token_hash) {
        token_hash -> Text,
        purpose -> Text,
        user_id -> Nullable<Text>,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sign_in_failures (id) {
        id -> Text,
        email -> Text,
        address -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Text,
        user_id -> Nullable<Text>,
        state -> Text,
        address -> Text,
        agent -> Text,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    audit (seq) {
        seq -> BigInt,
        at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        actor_name -> Text,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
        action -> Text,
        object_kind -> Text,
        object_id -> Nullable<Text>,
        object_name -> Nullable<Text>,
        changes -> Text,
        previous_hash -> Text,
        hash -> Text,
    }
}

diesel::table! {
    audit_head (id) {
        id -> Integer,
        seq -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        name -> Text,
        prefix -> Text,
        secret_hash -> Text,
        scopes -> Text,
        environment -> Text,
        created_at -> Timestamp,
        created_by -> Text,
        expires_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        environment -> Text,
        source -> Text,
        subject -> Nullable<Text>,
        title -> Text,
        actor_id -> Nullable<Text>,
        actor_email -> Nullable<Text>,
        data -> Nullable<Text>,
        previous -> Nullable<Text>,
        occurred_at -> Timestamp,
        created_at -> Timestamp,
        unsent -> Nullable<Text>,
        resource -> Nullable<Text>,
    }
}

diesel::table! {
    idempotency_keys (api_key_id, idempotency_key) {
        api_key_id -> Text,
        idempotency_key -> Text,
        body_hash -> Text,
        answer -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Text,
        code -> Text,
        name -> Text,
        url -> Text,
        description -> Text,
        notification_type -> Text,
        environment -> Text,
        active -> Bool,
        method -> Text,
        format -> Text,
        timeout_seconds -> Integer,
        retry -> Text,
        delays -> Text,
        auth -> Text,
        auth_username -> Nullable<Text>,
        auth_header -> Nullable<Text>,
        auth_secret -> Nullable<Text>,
        auth_set_at -> Nullable<Timestamp>,
        signing_secret -> Text,
        signing_secret_previous -> Nullable<Text>,
        signing_secret_previous_until -> Nullable<Timestamp>,
        disabled_at -> Nullable<Timestamp>,
        disabled_reason -> Nullable<Text>,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
        paused_at -> Nullable<Timestamp>,
        paused_by -> Nullable<Text>,
        headers -> Nullable<Text>,
        credential_id -> Nullable<Text>,
        filters -> Nullable<Text>,
        filters_set_at -> Nullable<Timestamp>,
        fail_when -> Nullable<Text>,
        template -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_events (webhook_id, type_) {
        webhook_id -> Text,
        #[sql_name = "type"]
        type_ -> Text,
    }
}

diesel::table! {
    webhook_latencies (webhook_id, hour, bucket) {
        webhook_id -> Text,
        hour -> Timestamp,
        bucket -> Integer,
        count -> Integer,
    }
}

diesel::table! {
    webhook_hours (webhook_id, hour) {
        webhook_id -> Text,
        hour -> Timestamp,
        ok -> Integer,
        failed -> Integer,
        duration_ms -> BigInt,
    }
}

diesel::table! {
    sent_forms (form_id) {
        form_id -> Text,
        location -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        kind -> Text,
        event_id -> Nullable<Text>,
        event_type -> Text,
        environment -> Text,
        title -> Text,
        webhook_id -> Nullable<Text>,
        target_name -> Text,
        target_url -> Nullable<Text>,
        state -> Text,
        first_try -> Bool,
        due_at -> Timestamp,
        attempts -> Integer,
        scheduled -> Integer,
        schedule_length -> Integer,
        fence -> BigInt,
        content_type -> Text,
        body -> Nullable<Text>,
        resend_at -> Nullable<Timestamp>,
        resend_by -> Nullable<Text>,
        resend_from -> Nullable<Text>,
        last_outcome -> Nullable<Text>,
        last_status -> Nullable<Integer>,
        last_duration_ms -> Nullable<Integer>,
        last_attempt_at -> Nullable<Timestamp>,
        settled_at -> Nullable<Timestamp>,
        settled_reason -> Nullable<Text>,
        created_at -> Timestamp,
        resource -> Nullable<Text>,
    }
}

diesel::table! {
    attempts (delivery_id, number) {
        delivery_id -> Text,
        number -> Integer,
        reason -> Text,
        actor_id -> Nullable<Text>,
        actor_name -> Nullable<Text>,
        node -> Text,
        method -> Text,
        url -> Text,
        sent_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        outcome -> Text,
        status -> Nullable<Integer>,
        request_headers -> Nullable<Text>,
        response_headers -> Nullable<Text>,
        response_body -> Nullable<Binary>,
        response_bytes -> Nullable<BigInt>,
        truncated -> Bool,
        reused -> Bool,
        dns_us -> Nullable<BigInt>,
        connect_us -> Nullable<BigInt>,
        tls_us -> Nullable<BigInt>,
        first_byte_us -> Nullable<BigInt>,
        total_us -> Nullable<BigInt>,
        remote_address -> Nullable<Text>,
        detail -> Nullable<Text>,
        note -> Nullable<Text>,
        next_due_at -> Nullable<Timestamp>,
        webhook_id -> Nullable<Text>,
    }
}

diesel::table! {
    lanes (webhook_id) {
        webhook_id -> Text,
        owner -> Nullable<Text>,
        fence -> BigInt,
        leased_until -> Timestamp,
        last_delivery_id -> Nullable<Text>,
        last_outcome -> Nullable<Text>,
        last_status -> Nullable<Integer>,
        last_at -> Nullable<Timestamp>,
        certificate_until -> Nullable<Timestamp>,
        certificate_origin -> Nullable<Text>,
    }
}

diesel::table! {
    documents (id) {
        id -> Text,
        number -> BigInt,
        title -> Text,
        template -> Text,
        language -> Text,
        body -> Text,
        parent_id -> Nullable<Text>,
        status -> Text,
        release_comment -> Nullable<Text>,
        released_by -> Nullable<Text>,
        released_at -> Nullable<Timestamp>,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        updated_by -> Text,
    }
}

diesel::table! {
    publications (id) {
        id -> Text,
        number -> BigInt,
        document_id -> Text,
        title -> Text,
        template -> Text,
        format -> Text,
        keep_output -> Bool,
        state -> Text,
        pages_done -> Integer,
        pages_total -> Integer,
        fence -> BigInt,
        leased_until -> Timestamp,
        archive_token -> Nullable<Text>,
        archive_bytes -> Nullable<BigInt>,
        failure -> Nullable<Text>,
        actor_id -> Nullable<Text>,
        actor_email -> Nullable<Text>,
        actor_name -> Text,
        version -> Integer,
        created_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    publication_outputs (publication_id) {
        publication_id -> Text,
        archive -> Binary,
    }
}

diesel::table! {
    assignments (id) {
        id -> Text,
        number -> BigInt,
        document_id -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        language -> Text,
        assignees -> Text,
        starts_on -> Timestamp,
        ends_on -> Timestamp,
        message -> Text,
        by_api -> Bool,
        version -> Integer,
        created_at -> Timestamp,
        created_by -> Text,
        updated_at -> Timestamp,
        updated_by -> Text,
    }
}

diesel::table! {
    assignment_statuses (assignment_id, assignee) {
        assignment_id -> Text,
        assignee -> Text,
        status -> Text,
        decided_by -> Text,
        decided_at -> Timestamp,
    }
}

diesel::table! {
    master_keys (kid) {
        kid -> Text,
        sealed -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    credentials (id) {
        id -> Text,
        name -> Text,
        environment -> Text,
        base_url -> Nullable<Text>,
        content_type -> Text,
        headers -> Nullable<Text>,
        auth -> Text,
        auth_username -> Nullable<Text>,
        auth_token_key -> Nullable<Text>,
        auth_header -> Nullable<Text>,
        auth_client_id -> Nullable<Text>,
        auth_token_url -> Nullable<Text>,
        auth_scope -> Nullable<Text>,
        auth_secret -> Nullable<Text>,
        auth_set_at -> Nullable<Timestamp>,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    event_types (name) {
        name -> Text,
        label -> Text,
        group_name -> Text,
        description -> Text,
        schema -> Text,
        example -> Text,
        checked -> Bool,
        version -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    catalogue (id) {
        id -> Integer,
        is_public -> Bool,
    }
}

diesel::joinable!(assignments -> documents (document_id));
diesel::joinable!(publications -> documents (document_id));

diesel::allow_tables_to_appear_in_same_query!(
    users,
    sign_in_links,
    sign_in_failures,
    sessions,
    audit,
    audit_head,
    api_keys,
    events,
    idempotency_keys,
    webhooks,
    webhook_events,
    webhook_hours,
    webhook_latencies,
    sent_forms,
    counters,
    deliveries,
    attempts,
    lanes,
    documents,
    publications,
    publication_outputs,
    assignments,
    assignment_statuses,
    master_keys,
    credentials,
    event_types,
    catalogue,
);
