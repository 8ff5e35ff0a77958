package chiauth0

// A Code names the reason of an [Error]. It is the "code" of a problem+json answer. There are four
// kinds; the status and the log level follow from the code.
//
// The visitor can act (logged at INFO, refusals at WARN):
//
//	invalid_request             400  a parameter is wrong; follow the original link again
//	invalid_state               400  the login has expired or is unknown; log in again
//	login_failed                400  Auth0 did not complete the login; log in again
//	invalid_token               400  the ID token failed a check; see err in the log
//	                            401  an access token failed a check; ask for another one
//	login_required              400  prompt=none, and Auth0 has no session; log in without it
//	consent_required            400  prompt=none, and a consent is missing; log in without it
//	interaction_required        400  prompt=none, and Auth0 needs a page; log in without it
//	account_selection_required  400  prompt=none, several accounts; log in without it
//	navigation_required         400  /login was fetched or framed; open it as a page
//	not_signed_in               401  log in, or send an access token
//	insufficient_user_authentication 401  a guard needs a newer login, or a second factor; log in
//	                            403  the same, for a form that was posted
//	access_denied               403  Auth0 refused the login; use another account
//	account_refused             403  the user provider refused the login; use another account
//	forbidden                   403  a guard refused the user; use another account
//	step_up_failed              403  a login lacks what a guard asked for; see err in the log, it
//	                                 names what to set at Auth0
//	insufficient_scope          403  the access token lacks a permission; ask for it
//	cross_origin                403  another site posted the logout; use a form of your own
//	not_found                   404  the Router has no such page
//	method_not_allowed          405  see Allow
//	misdirected_request         421  the host is neither BaseURL's nor one of Origins
//	login_loop                  429  sessions vanish; allow cookies, check the store
//
// The data of the account does not fit (logged at WARN):
//
//	conflict           409  another user has a unique value, such as the e-mail address
//	invalid_user_data  422  a value does not fit its field; the log names the field
//
// The operator can act (logged at ERROR, no Retry-After):
//
//	internal_error     500  a fault of the program; see err in the log
//	misconfigured      500  the user provider is not set up correctly; see err in the log
//	base_url_missing   500  set BaseURL (APP_BASE_URL)
//	mounted_elsewhere  500  mount the Router at MountPath
//	client_rejected    502  the client was refused: check ClientSecret and AuthStyle
//	provider_error     502  Auth0 answered server_error; see Auth0's log
//
// Something is down for now (logged at ERROR, with Retry-After):
//
//	temporarily_unavailable  503  the store, the user provider or Auth0 does not answer
type Code string

// The codes of an [Error]. See [Code] for status, meaning and what to do.
const (
	CodeInvalidRequest             Code = "invalid_request"
	CodeInvalidState               Code = "invalid_state"
	CodeLoginFailed                Code = "login_failed"
	CodeInvalidToken               Code = "invalid_token"
	CodeLoginRequired              Code = "login_required"
	CodeConsentRequired            Code = "consent_required"
	CodeInteractionRequired        Code = "interaction_required"
	CodeAccountSelectionRequired   Code = "account_selection_required"
	CodeNavigationRequired         Code = "navigation_required"
	CodeNotSignedIn                Code = "not_signed_in"
	CodeInsufficientAuthentication Code = "insufficient_user_authentication"
	CodeAccessDenied               Code = "access_denied"
	CodeAccountRefused             Code = "account_refused"
	CodeForbidden                  Code = "forbidden"
	CodeStepUpFailed               Code = "step_up_failed"
	CodeInsufficientScope          Code = "insufficient_scope"
	CodeCrossOrigin                Code = "cross_origin"
	CodeNotFound                   Code = "not_found"
	CodeMethodNotAllowed           Code = "method_not_allowed"
	CodeMisdirected                Code = "misdirected_request"
	CodeLoginLoop                  Code = "login_loop"
	CodeConflict                   Code = "conflict"
	CodeInvalidUserData            Code = "invalid_user_data"
	CodeInternal                   Code = "internal_error"
	CodeMisconfigured              Code = "misconfigured"
	CodeBaseURLMissing             Code = "base_url_missing"
	CodeMountedElsewhere           Code = "mounted_elsewhere"
	CodeClientRejected             Code = "client_rejected"
	CodeProviderError              Code = "provider_error"
	CodeUnavailable                Code = "temporarily_unavailable"
)

// codeInfo is what an answer with a code says unless the caller says something else.
type codeInfo struct {
	status  int
	title   string
	message string
}

var codeInfos = map[Code]codeInfo{
	CodeInvalidRequest: {400, "This link does not work", "This address is not complete."},
	CodeInvalidState: {
		400, "This login has expired",
		"This login has expired, or was begun in another browser.",
	},
	CodeLoginFailed:  {400, titleLoginFailed, "The login could not be completed."},
	CodeInvalidToken: {400, titleLoginFailed, "The answer to this login is not valid."},
	CodeLoginRequired: {
		400, titleNeedsLogin, "You are not signed in at the login service.",
	},
	CodeConsentRequired: {
		400, titleNeedsLogin, "The login service needs your consent first.",
	},
	CodeInteractionRequired: {
		400, titleNeedsLogin, "The login service needs an answer from you first.",
	},
	CodeAccountSelectionRequired: {
		400, titleNeedsLogin, "The login service needs you to choose an account first.",
	},
	CodeNavigationRequired: {
		400, "Open this address as a page",
		"A login needs a page of its own. Open this address as a page, not by fetch or in a frame.",
	},
	CodeNotSignedIn: {401, "You are not signed in", "You are not signed in."},
	CodeInsufficientAuthentication: {
		401, "Please confirm that it is you",
		"This needs a login that is more recent, or that has a second factor. " +
			"Nothing was changed.",
	},
	CodeAccessDenied: {
		403, "You cannot log in with this account", "The login service refused this login.",
	},
	CodeAccountRefused: {
		403, "You cannot log in with this account", "This account may not sign in here.",
	},
	CodeForbidden: {
		403, "You cannot open this page", "Your account may not open this page.",
	},
	CodeStepUpFailed: {
		403, "This login is not enough",
		"This page needs a recent login with the required factors, and the login service has not " +
			"confirmed one. You are still signed in as before.",
	},
	CodeInsufficientScope: {
		403, "You cannot open this page", "The access token lacks a permission.",
	},
	CodeCrossOrigin: {403, "You are still signed in", "Another site asked to sign you out."},
	CodeNotFound:    {404, "Page not found", "There is no page at this address."},
	CodeMethodNotAllowed: {
		405, "This does not work here", "This address does not take this kind of request.",
	},
	CodeMisdirected: {
		421, "This address does not work", "This application is not served at this address.",
	},
	CodeLoginLoop: {
		429, "You are still not signed in",
		"You have logged in several times within a minute, and are still not signed in. " +
			"Your browser may not be keeping this site's cookies.",
	},
	CodeConflict: {
		409, "These details are in use already",
		"Another account here has the same details, such as the e-mail address, already.",
	},
	CodeInvalidUserData: {
		422, "These details cannot be stored",
		"This account has details that this application cannot store.",
	},
	CodeInternal:      {500, "Something went wrong", "Something went wrong in this application."},
	CodeMisconfigured: {500, titleNotSetUp, textNotSetUp},
	CodeBaseURLMissing: {
		500, titleNotSetUp,
		"This application is not set up for this address: BaseURL (APP_BASE_URL) is not set.",
	},
	CodeMountedElsewhere: {500, titleNotSetUp, textNotSetUp},
	CodeClientRejected:   {502, titleNotSetUp, textNotSetUp},
	CodeProviderError: {
		502, "The login service has a problem", "The login service could not complete this login.",
	},
	CodeUnavailable: {
		503, "Temporarily unavailable",
		"This service cannot tell who you are at the moment. " + textTryAgain,
	},
}
