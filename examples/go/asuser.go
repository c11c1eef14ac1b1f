package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lib/pq"
)

// errNoConnection: the service could not log in, or found no free connection.
// It says nothing about the user.
var errNoConnection = errors.New("no connection to the database")

// asUser runs work in one transaction of one user, on a connection that all users share.
func asUser(ctx context.Context, db *sql.DB, token *string, work func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		// The role's own login may fail with 28000 as well.  That must not become a 401.
		return fmt.Errorf("%w (%T)", errNoConnection, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	_, err = tx.ExecContext(ctx, "SELECT authz.set_token($1, is_local => true)", token)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// statusOf is the HTTP status that an error of asUser means, and for 401 the challenge.
func statusOf(err error) (int, string) {
	var failure *pq.Error
	if errors.Is(err, errNoConnection) {
		return 503, ""
	}
	if errors.Is(err, driver.ErrBadConn) {
		return 503, "" // the connection was lost
	}
	if !errors.As(err, &failure) {
		return 500, ""
	}
	switch {
	case failure.Code == "28000":
		return 401, challengeOf(failure.Detail)
	case failure.Code == "42501":
		return 403, ""
	}
	switch failure.Code.Class() {
	case "22", "23":
		return 400, ""
	case "08", "40", "53", "57": // timeouts, restarts, deadlocks
		return 503, ""
	}
	return 500, ""
}

// challengeOf: DETAIL holds the body of RFC 6750, section 3; no "error" where there was no token.
func challengeOf(detail string) string {
	var body struct {
		Error string `json:"error"`
		Why   string `json:"error_description"`
	}
	if json.Unmarshal([]byte(detail), &body) != nil || body.Error == "" {
		return `Bearer realm="notes"`
	}
	return fmt.Sprintf(`Bearer realm="notes", error=%q, error_description=%q`, body.Error, body.Why)
}
