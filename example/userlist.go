package main

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// usersPerPage is the length of a page of the staff list.
const usersPerPage = 50

// maxSearch limits the text of a search, in bytes.
const maxSearch = 100

// A listQuery is what the staff list shows: a search and a page, counted from 1.
type listQuery struct {
	Search string
	Page   int
}

// readListQuery reads the parameters q and page of a query or a form. A page that is no number is
// the first one.
func readListQuery(values url.Values) listQuery {
	search := strings.TrimSpace(values.Get("q"))
	search = search[:min(len(search), maxSearch)]
	search = strings.ToValidUTF8(strings.ReplaceAll(search, "\x00", ""), "")
	page, err := strconv.Atoi(values.Get("page"))
	if err != nil {
		page = 1
	}
	return listQuery{search, max(page, 1)}
}

// URL returns the URL of the list.
func (q listQuery) URL() string { return "/staff" + q.Query() }

// Query returns the query of the list's URL with its question mark, or an empty string for the
// first page of all users.
func (q listQuery) Query() string {
	values := url.Values{}
	if q.Search != "" {
		values.Set("q", q.Search)
	}
	if q.Page > 1 {
		values.Set("page", strconv.Itoa(q.Page))
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// RowURL returns the URL of a user's row in the list.
func (q listQuery) RowURL(id int64) string {
	return q.URL() + "#user-" + strconv.FormatInt(id, 10)
}

// A userList is one page of the users that match a search, in the order of their first login.
type userList struct {
	listQuery
	People []person
	Total  int // on all pages
	Pages  int
}

// First returns the number of the page's first user among all users that match.
func (l userList) First() int { return (l.Page-1)*usersPerPage + 1 }

// Last returns the number of the page's last user.
func (l userList) Last() int { return l.First() + len(l.People) - 1 }

// Previous returns the URL of the page before, or an empty string.
func (l userList) Previous() string {
	if l.Page <= 1 {
		return ""
	}
	return listQuery{l.Search, l.Page - 1}.URL()
}

// Next returns the URL of the page after, or an empty string.
func (l userList) Next() string {
	if l.Page >= l.Pages {
		return ""
	}
	return listQuery{l.Search, l.Page + 1}.URL()
}

// matching selects the users whose name or e-mail address contains a text. The database folds the
// case on both sides, so that they are equal: SQLite folds ASCII only.
const matching = " FROM users WHERE lower(coalesce(first_name, '') || ' ' || " +
	"coalesce(last_name, '') || ' ' || coalesce(email, '')) LIKE lower($1) ESCAPE '!'"

var escapeLike = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// list returns a page of the users. A page after the last one is the last one.
func (p *people) list(ctx context.Context, query listQuery) (userList, error) {
	list := userList{listQuery: query}
	pattern := "%" + escapeLike.Replace(query.Search) + "%"
	err := p.db.QueryRowContext(ctx, "SELECT count(*)"+matching, pattern).Scan(&list.Total)
	if err != nil {
		return list, err
	}
	list.Pages = max(1, (list.Total+usersPerPage-1)/usersPerPage)
	list.Page = min(list.Page, list.Pages)

	statement := "SELECT " + columns + matching + " ORDER BY id LIMIT $2 OFFSET $3"
	rows, err := p.db.QueryContext(ctx, statement, pattern, usersPerPage, list.First()-1)
	if err != nil {
		return list, err
	}
	defer rows.Close()
	for rows.Next() {
		user, err := scanPerson(rows)
		if err != nil {
			return list, err
		}
		list.People = append(list.People, user)
	}
	return list, rows.Err()
}
