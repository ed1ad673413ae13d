//! Signing in and out, the session's life, and the limits on guessing.

use std::time::Duration;

use actix_web::test::TestRequest;
use diesel::prelude::*;
use postrider::audit::Actor;
use postrider::schema::{sessions as table, users as people};
use postrider::sessions::{make_setup_link, make_sign_in_link};
use postrider::users::password::{Password, hash_now};
use postrider::users::set_password;
use secrecy::ExposeSecret;

use crate::support::app::{PASSWORD, TestApp, both};
use crate::support::browser::{Answer, HOST};

const EMAIL: &str = "admin@example.com";

/// A sign-in from this address.
async fn attempt(app: &TestApp, address: &str, email: &str, password: &str) -> Answer {
    let body = serde_html_form::to_string([("email", email), ("password", password)]).unwrap();
    let request = TestRequest::post()
        .uri("/sign-in")
        .peer_addr(format!("{address}:5000").parse().unwrap())
        .insert_header(("host", HOST))
        .insert_header(("origin", format!("http://{HOST}")))
        .insert_header(("x-forwarded-for", "203.0.113.200"))
        .insert_header(("content-type", "application/x-www-form-urlencoded"));
    app.send(request.set_payload(body)).await
}

async fn sessions(app: &TestApp) -> i64 {
    app.read(|conn| Ok(table::table.count().get_result(conn)?)).await
}

both! {
    async fn the_right_password_opens_the_page_that_was_asked_for(app: TestApp) {
        app.add_administrator(EMAIL, "Ada Admin").await;
        let browser = app.anonymous();
        let asked = browser.get("/settings?tab=1").await;
        assert_eq!(asked.header("location"), "/sign-in?next=%2Fsettings%3Ftab%3D1");
        let form = browser.get(asked.header("location")).await;
        assert_eq!(form.attributes("input[name=next]", "value"), ["/settings?tab=1"]);
        let fields = [("email", " ADMIN@example.com "), ("password", PASSWORD), ("next", "/settings?tab=1")];
        let answer = browser.post("/sign-in", &fields).await;
        assert_eq!((answer.status(), answer.header("location")), (303, "/settings?tab=1"));
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("sid=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(cookie.contains("Path=/") && !cookie.contains("Domain") && !cookie.contains("Max-Age"), "{cookie}");
        let page = browser.get("/").await;
        assert!(page.has("Ada Admin") && page.header("cache-control") == "no-store");
        assert_eq!(app.audit_actions().await, ["user.created", "login.ok"]);
    }

    async fn the_table_holds_no_key_that_could_be_sent(app: TestApp) {
        let admin = app.admin().await;
        let rows: Vec<(String, String, Option<String>)> =
            app.read(|conn| Ok(table::table.select((table::key_hash, table::state, table::user_id)).load(conn)?)).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].0.len(), 64);
        assert!(rows[0].2.as_deref().is_some_and(|id| id.starts_with("usr_")));
        let thief = app.anonymous();
        thief.plant("sid", &rows[0].0);
        assert_eq!(thief.get("/").await.status(), 303);
        assert_eq!(admin.get("/").await.status(), 200);
    }

    async fn wrong_unknown_and_disabled_look_the_same(app: TestApp) {
        app.add_administrator(EMAIL, "Ada Admin").await;
        app.add_administrator("off@example.com", "Otto Off").await;
        app.sql("update users set enabled = false where email = 'off@example.com'").await;
        let mut pages = Vec::new();
        for (email, password) in [(EMAIL, "not the password"), ("off@example.com", PASSWORD), ("no@example.com", PASSWORD)] {
            let answer = attempt(&app, "198.51.100.1", email, password).await;
            assert_eq!(answer.status(), 422);
            assert!(answer.header("set-cookie").is_empty());
            pages.push(answer.text().replace(email, "EMAIL"));
        }
        assert_eq!(pages[0], pages[1]);
        assert_eq!(pages[0], pages[2]);
        assert_eq!(sessions(&app).await, 0);
    }

    async fn an_account_rests_after_ten_wrong_tries_and_opens_again(app: TestApp) {
        app.add_administrator(EMAIL, "Ada Admin").await;
        for number in 0..10 {
            let answer = attempt(&app, &format!("198.51.100.{number}"), EMAIL, "not the password").await;
            assert_eq!(answer.status(), 422, "try {number}");
        }
        for password in ["not the password", PASSWORD] {
            let answer = attempt(&app, "198.51.100.99", EMAIL, password).await;
            assert_eq!((answer.status(), answer.header("retry-after")), (429, "901"));
            assert!(answer.has("Too many tries. Wait 16 minutes, then try again."), "{}", answer.text());
        }
        assert_eq!(app.audit_actions().await, ["user.created", "login.limited"]);
        app.advance(Duration::from_secs(15 * 60));
        assert_eq!(attempt(&app, "198.51.100.99", EMAIL, PASSWORD).await.status(), 303);
        assert_eq!(attempt(&app, "198.51.100.99", EMAIL, "not the password").await.status(), 422);
    }

    async fn an_address_rests_after_a_hundred_tries_whatever_it_claims_to_be(app: TestApp) {
        app.write(|tx| {
            let now = tx.now();
            for number in 0..100 {
                use postrider::schema::sign_in_failures as failures;
                let row = (failures::id.eq(format!("sif_{number}")), failures::email.eq(format!("{number}@example.com")),
                    failures::address.eq("198.51.100.1"), failures::at.eq(now));
                diesel::insert_into(failures::table).values(row).execute(&mut **tx)?;
            }
            Ok(())
        }).await;
        assert_eq!(attempt(&app, "198.51.100.1", "new@example.com", PASSWORD).await.status(), 429);
        assert_eq!(attempt(&app, "198.51.100.2", "new@example.com", PASSWORD).await.status(), 422);
        app.advance(Duration::from_secs(60 * 60));
        assert_eq!(attempt(&app, "198.51.100.1", "new@example.com", PASSWORD).await.status(), 422);
    }

    async fn a_crowd_waits_for_its_turn_or_is_told_so(app: TestApp) {
        let tries = (0..8).map(|number| {
            let app = app.clone();
            async move { attempt(&app, &format!("198.51.100.{number}"), &format!("{number}@example.com"), "not the password").await.status() }
        });
        let answers = futures_util::future::join_all(tries).await;
        assert!(answers.iter().all(|status| [422, 503].contains(status)), "{answers:?}");
        assert!(answers.contains(&422));
    }

    async fn an_endless_password_is_refused_before_it_is_hashed(app: TestApp) {
        let long = "x".repeat(1025);
        assert_eq!(attempt(&app, "198.51.100.1", EMAIL, &long).await.status(), 422);
        assert_eq!(attempt(&app, "198.51.100.1", EMAIL, &"x".repeat(300_000)).await.status(), 413);
        let counted: i64 = app.read(|conn| {
            Ok(postrider::schema::sign_in_failures::table.count().get_result(conn)?)
        }).await;
        assert_eq!(counted, 0, "nothing was hashed");
    }

    async fn a_password_is_taken_exactly_as_sent(app: TestApp) {
        let odd = " \u{1f4ef} horn of the rider \u{1f40e} ";
        let id = app.add_administrator(EMAIL, "Ada Admin").await;
        let hash = hash_now(&Password::parse(odd, &[]).unwrap()).unwrap();
        app.write(move |tx| set_password(tx, &Actor::command(), id, &hash)).await;
        assert_eq!(attempt(&app, "198.51.100.1", EMAIL, odd.trim()).await.status(), 422);
        assert_eq!(attempt(&app, "198.51.100.1", EMAIL, odd).await.status(), 303);
    }

    async fn next_leads_only_to_own_pages(app: TestApp) {
        app.add_administrator(EMAIL, "Ada Admin").await;
        for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/%5cevil.example", "javascript:alert(1)", "/static/x"] {
            let browser = app.anonymous();
            let answer = browser.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD), ("next", next)]).await;
            assert_eq!((answer.status(), answer.header("location")), (303, "/"), "{next}");
        }
    }

    async fn a_planted_session_is_worth_nothing_after_sign_in(app: TestApp) {
        let (first, second) = (app.admin().await, app.anonymous());
        second.plant("sid", first.cookie().strip_prefix("sid=").unwrap());
        let planted = second.cookie();
        let answer = second.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!(answer.status(), 303);
        assert_ne!(second.cookie(), planted);
        assert_eq!(first.get("/").await.status(), 303, "the old key is dead");
        assert_eq!(second.get("/").await.status(), 200);
        assert_eq!(sessions(&app).await, 1);
    }

    async fn signing_out_ends_the_session_for_good(app: TestApp) {
        let admin = app.admin().await;
        let cookie = admin.cookie();
        let answer = admin.post("/sign-out", &[]).await;
        assert_eq!((answer.status(), answer.header("location")), (303, "/sign-in"));
        assert_eq!(answer.header("clear-site-data"), "\"cookies\", \"storage\"");
        assert_eq!(admin.cookie(), "");
        assert_eq!(sessions(&app).await, 0);
        let thief = app.anonymous();
        thief.plant("sid", cookie.strip_prefix("sid=").unwrap());
        assert_eq!(thief.get("/").await.status(), 303);
        assert_eq!(app.audit_actions().await.last().unwrap(), "logout.ok");
    }

    async fn a_page_that_races_with_sign_out_does_not_bring_the_session_back(app: TestApp) {
        let admin = app.admin().await;
        let app = app.and_routes(vec![postrider::web::Route::get("/slow", postrider::web::Access::Admin, slow)]).await;
        async fn slow(admin: postrider::sessions::Admin, app: actix_web::web::Data<postrider::state::App>) -> &'static str {
            // Somebody signs out while this page is made; then it wants to keep a message.
            app.db.write(|tx| Ok::<_, postrider::db::DbError>(diesel::delete(table::table).execute(&mut **tx)?)).await.unwrap();
            admin.flash("kept");
            "done"
        }
        let slow = TestRequest::get().uri("/slow").insert_header(("host", HOST)).insert_header(("cookie", admin.cookie()));
        assert_eq!(app.send(slow).await.status(), 200);
        assert_eq!(sessions(&app).await, 0);
        assert_eq!(admin.get("/").await.status(), 303);
    }

    async fn a_cookie_that_is_no_session_is_cleared(app: TestApp) {
        let admin = app.admin().await;
        let good = admin.cookie();
        for bad in ["sid=x".to_owned(), format!("sid={}", "A".repeat(3000)), format!("{good}x"), format!("{good}; {good}"), "sid=".to_owned()] {
            let request = TestRequest::get().uri("/").insert_header(("host", HOST)).insert_header(("cookie", bad.as_str()));
            let answer = app.send(request).await;
            assert_eq!(answer.status(), 303, "{bad}");
            assert!(answer.header("set-cookie").starts_with("sid=; "), "{bad}: {}", answer.header("set-cookie"));
        }
        assert_eq!(admin.get("/").await.status(), 200);
    }

    async fn a_session_ends_after_two_idle_hours(app: TestApp) {
        let admin = app.admin().await;
        for _ in 0..3 {
            app.advance(Duration::from_secs(119 * 60));
            assert_eq!(admin.get("/").await.status(), 200);
        }
        app.advance(Duration::from_secs(120 * 60));
        assert_eq!(admin.get("/").await.status(), 303);
    }

    async fn a_session_ends_twelve_hours_after_sign_in(app: TestApp) {
        let admin = app.admin().await;
        for _ in 0..11 {
            app.advance(Duration::from_secs(60 * 60));
            assert_eq!(admin.get("/").await.status(), 200);
        }
        app.advance(Duration::from_secs(60 * 60));
        assert_eq!(admin.get("/").await.status(), 303);
    }

    async fn a_request_is_noted_at_most_once_a_minute(app: TestApp) {
        let admin = app.admin().await;
        async fn seen(app: &TestApp) -> postrider::clock::Time {
            app.read(|conn| Ok(table::table.select(table::seen_at).first(conn)?)).await
        }
        let first = seen(&app).await;
        app.advance(Duration::from_secs(59));
        admin.get("/").await;
        assert_eq!(seen(&app).await, first);
        app.advance(Duration::from_secs(1));
        admin.get("/").await;
        assert_eq!(seen(&app).await, app.clock.now());
    }

    async fn a_new_password_ends_every_session(app: TestApp) {
        let id = app.add_administrator(EMAIL, "Ada Admin").await;
        let (one, two) = (app.signed_in(id).await, app.signed_in(id).await);
        let hash = hash_now(&Password::parse("another long phrase 9", &[]).unwrap()).unwrap();
        app.write(move |tx| set_password(tx, &Actor::command(), id, &hash)).await;
        assert_eq!(one.get("/").await.status(), 303);
        assert_eq!(two.get("/").await.status(), 303);
        assert_eq!(sessions(&app).await, 0);
    }

    async fn a_disabled_person_is_out_at_once(app: TestApp) {
        let admin = app.admin().await;
        app.sql("update users set enabled = false").await;
        assert_eq!(admin.get("/").await.status(), 303);
    }

    async fn an_older_hash_is_replaced_at_sign_in(app: TestApp) {
        let id = app.add_administrator(EMAIL, "Ada Admin").await;
        // The same password with 8 MiB and one pass.
        let params = argon2::Params::new(8192, 1, 1, None).unwrap();
        let old = argon2::PasswordHasher::hash_password(&argon2::Argon2::from(params), PASSWORD.as_bytes()).unwrap().to_string();
        app.write(move |tx| Ok(diesel::update(people::table.find(id)).set(people::password_hash.eq(old)).execute(&mut **tx)?)).await;
        assert_eq!(attempt(&app, "198.51.100.1", EMAIL, PASSWORD).await.status(), 303);
        let new: Option<String> = app.read(move |conn| Ok(people::table.find(id).select(people::password_hash).first(conn)?)).await;
        assert!(new.unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(attempt(&app, "198.51.100.1", EMAIL, PASSWORD).await.status(), 303);
    }

    async fn the_set_up_link_makes_the_first_administrator_once(app: TestApp) {
        let link = app.write(make_setup_link).await;
        let path = link.expose_secret();
        let browser = app.anonymous();
        assert!(browser.get(path).await.has("You are the first administrator"));
        let refused = browser.post(path, &[("name", "Ada"), ("email", "nobody"), ("password", "short")]).await;
        assert_eq!(refused.status(), 422);
        assert_eq!(refused.attributes("[name=name]", "value"), ["Ada"]);
        assert!(refused.has("2 fields need another look.") && refused.has("Use at least 12 characters."));
        assert!(!refused.has("short"));
        let made = browser.post(path, &[("name", "Ada Admin"), ("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!((made.status(), made.header("location")), (303, "/"));
        assert!(browser.get("/").await.has("Ada Admin"));
        for browser in [browser, app.anonymous()] {
            assert_eq!(browser.get(path).await.status(), 404);
            assert_eq!(browser.post(path, &[("name", "Eve")]).await.status(), 404);
        }
        assert_eq!(app.audit_actions().await, ["user.created", "login.ok"]);
    }

    async fn a_set_up_link_works_for_an_hour_and_an_older_one_dies(app: TestApp) {
        let first = app.write(make_setup_link).await;
        let second = app.write(make_setup_link).await;
        let browser = app.anonymous();
        assert_eq!(browser.get(first.expose_secret()).await.status(), 404);
        app.advance(Duration::from_secs(59 * 60));
        assert_eq!(browser.get(second.expose_secret()).await.status(), 200);
        app.advance(Duration::from_secs(60));
        assert_eq!(browser.get(second.expose_secret()).await.status(), 404);
        assert_eq!(browser.get("/setup/x").await.status(), 404);
    }

    async fn a_sign_in_link_works_until_it_expires(app: TestApp) {
        let id = app.add_administrator(EMAIL, "Ada Admin").await;
        let link = app.write(move |tx| make_sign_in_link(tx, id, Duration::from_secs(600))).await;
        for _ in 0..2 {
            let browser = app.anonymous();
            let answer = browser.get(link.expose_secret()).await;
            assert_eq!((answer.status(), answer.header("location")), (303, "/"));
            assert_eq!(browser.get("/").await.status(), 200);
        }
        app.advance(Duration::from_secs(600));
        assert_eq!(app.anonymous().get(link.expose_secret()).await.status(), 404);
        let setup = app.write(make_setup_link).await.expose_secret().replace("/setup/", "/sign-in/");
        assert_eq!(app.anonymous().get(&setup).await.status(), 404, "a link of another purpose");
    }

    async fn a_message_is_shown_once(app: TestApp) {
        let admin = app.admin().await;
        let app = app.and_routes(vec![postrider::web::Route::get("/say", postrider::web::Access::Admin, say)]).await;
        async fn say(admin: postrider::sessions::Admin) -> &'static str {
            admin.flash("Saved <b>it</b>.");
            "done"
        }
        let request = TestRequest::get().uri("/say").insert_header(("host", HOST)).insert_header(("cookie", admin.cookie()));
        assert_eq!(app.send(request).await.status(), 200);
        assert_eq!(admin.get("/").await.texts(".flashes .note p"), ["Saved <b>it</b>."]);
        assert!(admin.get("/").await.texts(".flashes .note").is_empty());
    }
}
