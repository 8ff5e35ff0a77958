// The script of the page /live. It has no access token: the browser sends the session cookie, and
// the application adds the token.

const pollInterval = 5000; // milliseconds

const byId = (id) => document.getElementById(id);

// Sets the text of an element. A status is announced again only if its text changes.
function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function inWords(seconds) {
  if (seconds < 120) {
    return `${seconds} seconds`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}

async function getJSON(path) {
  const response = await fetch(path, {
    headers: { Accept: 'application/json', 'X-Requested-With': 'fetch' },
  });
  return { status: response.status, body: response.ok ? await response.json() : null };
}

// Shows how long the session lasts. GET /auth0/session does not extend it.
async function showSession() {
  let answer;
  try {
    answer = await getJSON('/auth0/session');
  } catch {
    setText('session-state', 'The application does not answer.');
    return;
  }
  const session = answer.body;
  byId('session-times').hidden = !session?.signed_in;
  if (!session) {
    setText('session-state', 'The session cannot be read at the moment.');
    return;
  }
  if (!session.signed_in) {
    setText('session-state', 'You are logged out.');
    return;
  }
  setText('session-state', 'You are logged in.');
  setText('session-idle', inWords(session.idle_expires_in));
  setText('session-deadline', inWords(session.expires_in));
}

const refusals = {
  401: 'You are logged out. Log in again.',
  403: 'The API answers 403: your access token does not have the permission read:reports.',
  503: 'The reports are not available. Try again in a moment.',
};

async function loadReports() {
  setText('reports-state', 'Loading.');
  byId('reports-table').hidden = true;
  try {
    const { status, body } = await getJSON('/reports-api/reports');
    if (!body) {
      setText('reports-state', refusals[status] ?? `The API answers ${status}.`);
      return;
    }
    showReports(body);
    setText('reports-state', `The API answers ${status} with ${body.length} reports.`);
  } catch {
    setText('reports-state', 'The application does not answer.');
  }
}

function showReports(reports) {
  const rows = reports.map(({ month, visitors, orders }) => {
    const row = document.createElement('tr');
    for (const value of [month, visitors, orders]) {
      row.insertCell().textContent = value;
    }
    return row;
  });
  byId('reports-table').tBodies[0].replaceChildren(...rows);
  byId('reports-table').hidden = false;
}

byId('load')?.addEventListener('click', loadReports);
showSession();
setInterval(showSession, pollInterval);
