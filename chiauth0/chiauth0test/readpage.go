package chiauth0test

import (
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// A shownPage is the content of one of the tenant's pages.
type shownPage struct {
	message string     // the text of the element with id "message"
	form    url.Values // the fields of the form with a password; nil: there is none
	action  string     // of that form
}

func readPage(body io.Reader) (shownPage, error) {
	root, err := html.Parse(io.LimitReader(body, 1<<20))
	if err != nil {
		return shownPage{}, err
	}
	var page shownPage
	for node := range root.Descendants() {
		if attribute(node, "id") == "message" {
			page.message = text(node)
		}
		if node.Data == "form" {
			if fields := passwordForm(node); fields != nil {
				page.form, page.action = fields, attribute(node, "action")
			}
		}
	}
	return page, nil
}

// passwordForm returns the fields of a form. It returns nil if none is a password.
func passwordForm(form *html.Node) url.Values {
	fields, password := url.Values{}, false
	for node := range form.Descendants() {
		if node.Data != "input" {
			continue
		}
		fields.Add(attribute(node, "name"), attribute(node, "value"))
		password = password || attribute(node, "type") == "password"
	}
	if !password {
		return nil
	}
	return fields
}

func attribute(node *html.Node, name string) string {
	for _, attr := range node.Attr {
		if attr.Key == name {
			return attr.Val
		}
	}
	return ""
}

func text(node *html.Node) string {
	var b strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return strings.TrimSpace(b.String())
}
