//! What makes a webhook send: its events in groups, its method, its environment, and whether it is active.

use anyhow::{Result, ensure};
use postrider_e2e::{
    browser::{Browser, Scripts},
    find, steps,
    walk::{Walk, once, twice},
};
use serde_json::json;

const LIST: &str = "/settings/webhooks";
/// The groups of the dialog, and what stands in each.
const CATALOGUE: [(&str, &[&str]); 9] = [
    (
        "Content",
        &[
            "Status set to Released",
            "Publication published",
            "Assignment created",
            "Status set to In review",
            "Status set to In translation",
            "Assignment user status changed",
        ],
    ),
    ("User", &["Create User", "Edit User", "Remove User", "User Logout"]),
    ("Task", &["Create Task", "Edit Task", "Remove Task"]),
    ("Survey", &["Create Survey", "Edit Survey", "Remove Survey"]),
    ("Element", &["Create Element", "Edit Element", "Remove Element"]),
    ("Note", &["Edit Note"]),
    (
        "Contract",
        &[
            "Contract Status Change",
            "Contract Recipient Status Change",
            "Invoice Status Change",
            "Proposal Action",
            "Qualification Update",
        ],
    ),
    (
        "Project",
        &[
            "Milestone Status Change",
            "Milestone Comment Created",
            "Task Comment Created",
            "Stage Transition",
            "Site Archived",
            "Workflow Status Change",
        ],
    ),
    ("Postrider", &["Webhook failing", "Webhook disabled", "Webhook recovered", "Delivery exhausted"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_stands_in_groups_and_some_events_bring_a_filter_of_their_own() -> Result<()> {
    twice(async |Walk { browser, portal, scripts }: &Walk| {
        let key = portal.make_key("events:write", "production")?;
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, "Never added", "/never", "Status set to Released").await?;
        steps::cancel(browser, *scripts).await?;
        browser.click("Webhooks").await?;
        browser.sees("1 - 1 of 1").await?;
        browser.text_of(&find::row(&["Demo receiver"])).await?;

        browser.click("Add webhook").await?;
        browser.fill("Webhook name", "Task board").await?;
        browser.choose("Notification type", "REST").await?;
        browser.fill("Webhook URL", &format!("{}/board", portal.receiver)).await?;
        see_the_catalogue(browser).await?;
        browser.loses(&find::field("Workflow")).await?;
        browser.toggle("Remove Survey").await?;
        browser.text_of("//label[starts-with(normalize-space(.), 'Survey')]").await?;
        browser.text_of("//label[starts-with(normalize-space(.), 'Group')]").await?;
        browser.toggle("Remove Survey").await?;
        browser.loses(&find::field("Survey")).await?;
        browser.toggle("Create Task").await?;
        browser.fill("Workflow", "7").await?;
        browser.toggle("Remove Survey").await?;
        browser.fill("Survey", "Safety walk").await?;
        browser.fill("Group", "North").await?;
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&["Task board", "Create Task", "Remove Survey"])).await?;
        for (event, data) in [
            ("task.created", json!({"id": 1, "resource_title": "Our task", "workflow": 7})),
            ("task.created", json!({"id": 2, "resource_title": "Their task", "workflow": 8})),
            ("survey.removed", json!({"id": 3, "title": "Our walk", "survey": "Safety walk", "group": "North"})),
            ("survey.removed", json!({"id": 4, "title": "Our lunch", "survey": "Lunch", "group": "North"})),
            ("survey.removed", json!({"id": 5, "title": "Their walk", "survey": "Safety walk", "group": "South"})),
        ] {
            portal.publish(&key, event, data).await?;
        }
        for title in ["Our task", "Our walk"] {
            steps::open_delivery(browser, &["Task board", title, "delivered"]).await?;
        }
        for (title, why) in [
            ("Their task", "filter Workflow false: workflow is 8, wanted 7"),
            ("Our lunch", "filter Survey false: survey is Lunch, wanted Safety walk"),
            ("Their walk", "filter Group false: group is South, wanted North"),
        ] {
            steps::open_event(browser, title).await?;
            browser.text_of(&find::row(&["Task board", why, "not sent"])).await?;
        }
        Ok(())
    })
    .await
}

/// Unfolds each group of events in the open dialog, and reads what stands in it.
async fn see_the_catalogue(browser: &Browser) -> Result<()> {
    let group = "//fieldset[legend='Send on events']/details";
    ensure!(browser.count_of(group).await? == CATALOGUE.len(), "there are other groups");
    for (place, (name, labels)) in CATALOGUE.iter().enumerate() {
        // The first stands open.
        if place > 0 {
            steps::unfold(browser, name).await?;
        }
        let own = format!("{group}[{}][summary[starts-with(., '{name}')]]", place + 1);
        let shown = browser.text_of(&format!("{own}/*[@class='checks']")).await?;
        ensure!(shown.lines().eq(labels.iter().copied()), "{name} holds {shown}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_names_what_never_fires_hides_what_is_inactive_and_pages_by_number() -> Result<()> {
    const QUIET: &str = "A quiet one";
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let key = portal.make_key("webhooks:write", "production")?;
        for number in 1..=10 {
            let body = json!({"name": format!("Partner {number:02}"), "url": format!("{}/partner", portal.receiver)});
            portal.post(&key, "/api/v1/webhooks", &body).await?;
        }
        browser.click("Settings").await?;
        browser.click("Add webhook").await?;
        browser.fill("Webhook name", QUIET).await?;
        browser.fill("Webhook URL", &format!("{}/quiet", portal.receiver)).await?;
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&[QUIET, "a_quiet_one", "Identifier whk_", "No events - never fires"])).await?;
        browser.sees("1 - 10 of 12").await?;
        browser.click("Next").await?;
        browser.sees("11 - 12 of 12").await?;
        ensure!(browser.path().await?.ends_with("page=2"), "{} is no second page", browser.path().await?);
        browser.click("Previous").await?;
        browser.press(&find::tick(QUIET), "its box").await?;
        browser.click("Deactivate selected").await?;
        browser.click("Deactivate").await?;
        browser.text_of(&find::row(&[QUIET, "inactive"])).await?;
        browser.toggle("Show disabled webhooks").await?;
        browser.click("Filter").await?;
        browser.sees("1 inactive webhook is not shown.").await?;
        browser.loses(&find::row(&[QUIET])).await?;
        browser.click("Show disabled webhooks").await?;
        browser.text_of(&find::row(&[QUIET, "inactive"])).await?;
        browser.press(&find::tick(QUIET), "its box").await?;
        browser.click("Activate selected").await?;
        browser.text_of(&find::row(&[QUIET, "active"])).await?;
        browser.loses(&find::row(&[QUIET, "inactive"])).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_sends_by_its_method_in_its_own_environment_and_only_while_active() -> Result<()> {
    const STAGING: &str = "Staging";
    once(Scripts::Off, async |Walk { browser, portal, .. }: &Walk| {
        let (live, trial) = (portal.make_key("events:write", "production")?, portal.make_key("events:write", "test")?);
        let released = async |key: &str, title: &str| {
            portal.publish(key, "document.released", json!({"resource_id": 1042, "resource_title": title})).await
        };
        browser.click("Settings").await?;
        steps::begin_a_webhook(browser, portal, STAGING, "/staging", "Status set to Released").await?;
        steps::unfold(browser, "Advanced").await?;
        let (method, methods) = (browser.value_of("Method").await?, browser.text_of(&find::field("Method")).await?);
        ensure!(method == "POST", "the default is {method}");
        ensure!(methods.split_whitespace().eq(["POST", "PUT", "PATCH"]), "the methods are {methods}");
        browser.choose("Method", "PUT").await?;
        browser.toggle("Test environment").await?;
        steps::finish_a_webhook(browser).await?;
        browser.text_of(&find::row(&[STAGING, "test", "PUT"])).await?;
        browser.choose("Environment", "Test").await?;
        browser.click("Filter").await?;
        browser.loses(&find::row(&["Demo receiver"])).await?;
        browser.text_of(&find::row(&[STAGING])).await?;

        released(&trial, "A trial").await?;
        released(&live, "For real").await?;
        steps::open_delivery(browser, &[STAGING, "A trial", "delivered"]).await?;
        browser.sees(&format!("PUT {}/staging", portal.receiver)).await?;
        steps::release_a_document(browser, "From Content").await?;
        for title in ["For real", "From Content"] {
            steps::open_event(browser, title).await?;
            browser.text_of("//dt[.='Environment']/following-sibling::dd[.='Production']").await?;
            browser.text_of(&find::row(&[STAGING, "other environment"])).await?;
            browser.text_of(&find::row(&["Demo receiver", "sent"])).await?;
        }
        see_each_environment(browser).await?;

        browser.visit(&format!("{}{LIST}", portal.url)).await?;
        browser.open_row_menu(STAGING).await?;
        browser.click("Edit").await?;
        steps::unfold(browser, "Advanced").await?;
        browser.choose("Method", "PATCH").await?;
        browser.toggle("Active").await?;
        browser.click("Edit webhook").await?;
        browser.click("Show disabled webhooks").await?;
        browser.text_of(&find::row(&[STAGING, "inactive", "test", "PATCH"])).await?;
        released(&trial, "While it slept").await?;
        steps::open_event(browser, "While it slept").await?;
        browser.text_of(&find::row(&[STAGING, "inactive"])).await?;
        browser.click(STAGING).await?;
        browser.press(&find::menu_in("//*[contains(@class, 'head-action')]"), "its menu").await?;
        browser.click("Activate").await?;
        browser.sees("The webhook is active: new events are sent to it.").await?;
        released(&trial, "Awake again").await?;
        steps::open_delivery(browser, &[STAGING, "Awake again", "delivered"]).await?;
        browser.sees(&format!("PATCH {}/staging", portal.receiver)).await
    })
    .await
}

/// Chooses each environment in the lists of what happened.
async fn see_each_environment(browser: &Browser) -> Result<()> {
    let (trial, real) = (&["A trial"][..], &["For real", "From Content"][..]);
    for list in ["Deliveries", "Events"] {
        browser.click(list).await?;
        for (environment, shown, hidden) in [("Test", trial, real), ("Production", real, trial)] {
            browser.choose("Environment", environment).await?;
            browser.click("Filter").await?;
            let chip = format!("//ul[@aria-label='Filters in force']//b[.='{}']", environment.to_lowercase());
            browser.text_of(&chip).await?;
            for title in shown {
                browser.text_of(&find::row(&[title])).await?;
            }
            for title in hidden {
                ensure!(browser.count_of(&find::row(&[title])).await? == 0, "{list}: {title} in {environment}");
            }
        }
    }
    Ok(())
}
