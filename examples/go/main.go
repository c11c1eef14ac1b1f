// Notes over HTTP: GET /notes lists one's own, POST /notes {"body": "..."} adds one.
// Whose they are, the bearer token of each request says; the database decides.
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/lib/pq"
)

type note struct {
	ID    int     `json:"id"`
	Owner *string `json:"owner"`
	Body  *string `json:"body"`
}

func listNotes(tx *sql.Tx, _ note) (int, any, error) {
	rows, err := tx.Query("SELECT id, owner, body FROM notes ORDER BY id")
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	notes := []note{}
	for rows.Next() {
		var n note
		if err := rows.Scan(&n.ID, &n.Owner, &n.Body); err != nil {
			return 0, nil, err
		}
		notes = append(notes, n)
	}
	return 200, notes, rows.Err()
}

func addNote(tx *sql.Tx, n note) (int, any, error) {
	err := tx.QueryRow("INSERT INTO notes (owner, body) VALUES (coalesce($1, authz.subject()), $2)"+
		" RETURNING id, owner, body", n.Owner, n.Body).Scan(&n.ID, &n.Owner, &n.Body)
	return 201, n, err
}

func main() {
	db, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal("DATABASE_URL is not one") // and not what is in it
	}
	size, err := strconv.Atoi(os.Getenv("POOL_SIZE"))
	if err != nil {
		size = 10 // 0 would be no limit
	}
	db.SetMaxOpenConns(size)
	db.SetConnMaxIdleTime(time.Minute)

	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		// Nobody is logged in on a connection that lies idle in the pool.
		var somebody bool
		if db.QueryRow("SELECT authz.is_authenticated()").Scan(&somebody) != nil {
			w.WriteHeader(503)
			return
		}
		if somebody {
			w.WriteHeader(500)
		}
		fmt.Fprintf(w, `{"somebody": %t}`, somebody)
	})
	http.HandleFunc("/notes", func(w http.ResponseWriter, r *http.Request) {
		var given note
		// All of the body first: who sends it slowly must not hold a connection meanwhile.
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 100_000))
		if err != nil || len(text) > 0 && json.Unmarshal(text, &given) != nil {
			w.WriteHeader(400)
			return
		}
		handle := listNotes
		if r.Method == "POST" {
			handle = addNote
		}
		var token *string
		if header := r.Header.Get("Authorization"); header != "" {
			token = &header
		}
		var status int
		var result any
		// The request's context: when the client has gone, the transaction is rolled back.
		err = asUser(r.Context(), db, token, func(tx *sql.Tx) (err error) {
			status, result, err = handle(tx, given)
			return err
		})
		if err != nil {
			var challenge string
			if status, challenge = statusOf(err); challenge != "" {
				w.Header().Set("WWW-Authenticate", challenge)
			}
			result = map[string]string{"error": http.StatusText(status)}
			// The SQLSTATE, and never the error as a whole or the headers.
			var failure *pq.Error
			errors.As(err, &failure)
			if failure != nil {
				log.Println(r.Method, status, failure.Code)
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(result)
	})

	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	// Who sends slowly, or does not read, is not waited for.
	server := http.Server{ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second}
	log.Fatal(server.Serve(listener))
}
