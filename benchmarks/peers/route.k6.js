// The same checklist in k6: one virtual user, one iteration; what is not right aborts the test, which fails the command.
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";

const env = __ENV;
const headers = { authorization: `Bearer ${env.API_KEY}`, "x-team-id": env.TEAM_ID };

export const options = { vus: 1, iterations: 1 };

function fail(reason) {
    exec.test.abort(reason);
}

function waitFor(path, condition) {
    const until = Date.now() + Number(env.LIMIT) * 1000;
    for (;;) {
        const response = http.get(`${env.API_URL}${path}`, { headers });
        if (response.status !== 200) fail(`${path} answered ${response.status}`);
        const found = condition(response.json());
        if (found) return found;
        if (Date.now() >= until) fail(`gave up on ${path}`);
        sleep(0.5);
    }
}

export default function () {
    const body = JSON.stringify({ type: "deploy.test" });
    const sent = http.post(env.SOURCE_URL, body, { headers: { "content-type": "application/json" } });
    if (sent.status !== 200) fail(`the source answered ${sent.status}`);
    const requestId = sent.json().request_id;

    const request = waitFor(`/requests?from=now-15m&source_id=${env.SOURCE}&limit=20`, (answer) =>
        answer.models.find((one) => one.id === requestId),
    );
    if (request.status !== "accepted") fail(`the request is ${request.status}`);
    const event = waitFor(`/events?connection_id=${env.CONNECTION}&limit=20`, (answer) =>
        answer.models.find((one) => one.request_id === requestId),
    );
    const attempt = waitFor(`/attempts?event_id=${event.id}&limit=20`, (answer) => answer.models[0]);
    if (attempt.status !== "SUCCESSFUL") fail(`the attempt is ${attempt.status}`);
    const latest = waitFor(`/connections/${env.CONNECTION}/latest-input`, (answer) => answer.latest_input);
    if (latest.request_id !== requestId) fail("the latest input is not ours");
    const window = "from=now-15m&granularity=1m&measures=count,failed_count";
    const sum = (series, name) => series.reduce((total, point) => total + point[name], 0);
    const series = waitFor(`/metrics/events?${window}&connection_id=${env.CONNECTION}`, (answer) =>
        sum(answer.series, "count") >= 1 ? answer.series : null,
    );
    if (sum(series, "failed_count") > 0) fail("something failed in the window");
}
