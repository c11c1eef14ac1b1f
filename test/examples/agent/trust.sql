-- The provider signs tokens for people, and for the assistant that acts for
-- them (RFC 8693): "act" says who.  Nobody else may act, and the assistant only
-- within its ceiling: it reads letters, and that is all.  What is held against
-- somebody, the group "suspended", is kept.
SELECT authz.add_issuer('https://login.mail.example', '{mail}', 'generic',
	'{"actors": ["assistant"], "ceiling_required": true}');
SELECT authz.set_jwks('https://login.mail.example', :'jwks');
SELECT authz.set_actor_ceiling('https://login.mail.example', 'assistant',
	scopes => '{letters:read}', roles => '{}', permissions => '{}', groups => '{}', org_roles => '{}', org_permissions => '{}', item_permissions => '{}',
	keep => '{suspended}', read_only => true);
