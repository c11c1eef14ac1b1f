# The queries of contrib/prometheus run as a role that may only look, give the
# columns that their metrics name, and see what the alarms are about.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use AzTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = start_node('primary', "shared_preload_libraries = 'dbmi_authz'", 'max_wal_senders = 4', 'wal_level = replica', 'hot_standby = on');
$primary->safe_psql('postgres', 'CREATE ROLE dbo LOGIN; CREATE ROLE monitoring LOGIN IN ROLE pg_monitor; CREATE DATABASE shop OWNER dbo');
$primary->safe_psql('shop', q{SET ROLE dbo; CREATE EXTENSION dbmi_authz; SELECT authz.add_issuer('https://id.example', '{clinic}')});

# As the page has it.
$primary->safe_psql('shop', 'SET ROLE dbo; GRANT SELECT ON authz.issuer, authz.jwks_status TO monitoring');
my $counts = $primary->safe_psql('shop', q(SELECT to_regclass('authz.stat') IS NOT NULL)) eq 't';
my $page = slurp_file("$FindBin::RealBin/../../doc/how-to/operations/watch.md");
my ($hand_on) = $page =~ /^(CREATE SCHEMA monitoring;\n.*?)^```/ms;
ok($hand_on, 'the page has the function that hands refusals on');
$primary->safe_psql('shop', "SET ROLE dbo; $hand_on") if $counts;

# {group => {query, labels, values}}
sub read_queries
{
	my (%groups, $group, $metric, $in_query);
	for my $line (split /\n/, slurp_file("$FindBin::RealBin/../../contrib/prometheus/queries.yaml"))
	{
		if ($line =~ /^(\w+):$/)
		{
			$group = $groups{$1} = { query => '', labels => [], values => [] };
		}
		elsif ($line =~ /^  \w+:/)
		{
			$in_query = $line eq '  query: |';
		}
		elsif ($in_query)
		{
			$group->{query} .= "$line\n";
		}
		elsif ($line =~ /^    - (\w+):$/)
		{
			$metric = $1;
		}
		elsif ($line =~ /^        usage: "(\w+)"$/)
		{
			push @{ $group->{ $1 eq 'LABEL' ? 'labels' : 'values' } }, $metric;
		}
	}
	return %groups;
}

my %groups = read_queries();
is(scalar(keys %groups), 5, 'all groups were read');

# ask(NODE, GROUP): rows, each a hash
sub ask
{
	my ($node, $group) = @_;
	my ($columns, @rows) = split /\n/, $node->safe_psql('shop', $groups{$group}{query}, extra_params => [ '-U', 'monitoring', '-P', 'tuples_only=off', '-P', 'footer=off' ]);
	my @names = split /\|/, $columns;
	return map { my %row; @row{@names} = split /\|/, $_, -1; \%row } @rows;
}

# an issuer whose keys nobody has fetched
$primary->safe_psql('shop', q{SET ROLE dbo; SELECT authz.add_issuer('https://keys.example', '{api}', options => '{"jwks_uri": "https://keys.example/jwks"}')});

# accept: each query, before and after something has happened
for my $n (1 .. 2)
{
	for my $group (sort keys %groups)
	{
	  SKIP:
		{
			skip "authz.stat is not there", 1 if !$counts && $group =~ /_(stat|refusals)$/;
			my @rows = ask($primary, $group);
			my $g = $groups{$group};
			# nobody has been counted before somebody logs in
			ok((@rows || $n == 1 && $group eq 'dbmi_authz_stat') && !(grep { join(' ', sort keys %$_) ne join(' ', sort @{ $g->{labels} }, @{ $g->{values} }) } @rows),
				"$group, $n: the columns are those of the metrics")
			  or diag(explain(\@rows));
			ok(!(grep { my $row = $_; grep { $row->{$_} !~ /^-?[\d.]+$/ } @{ $g->{values} } } @rows), "$group, $n: figures");
		}
	}
	next if $n == 2;
	session($primary, "SELECT authz.try_set_token('" . mint() . "')", db => 'shop', user => 'dbo');
}
is_deeply([ map { $_->{last_success_timestamp_seconds} } grep { $_->{issuer} eq 'https://keys.example' } ask($primary, 'dbmi_authz_issuer_keys') ],
	[0], 'one that was never fetched is as old as can be');
SKIP:
{
	skip 'authz.stat is not there', 2 if !$counts;
	my ($refused) = grep { $_->{reason} eq 'key-not-found' } ask($primary, 'dbmi_authz_refusals');
	is($refused->{total}, 1, 'a token whose key is not here is counted by its reason');
	my ($stat) = grep { $_->{database} eq 'shop' } ask($primary, 'dbmi_authz_stat');
	is($stat->{tokens_refused}, 1, 'and among all');
}

# refuse: what that role may not
for my $sql ('SELECT jwk FROM authz.issuer_key', 'DELETE FROM authz.jwks_status', "SELECT authz.drop_issuer('https://keys.example')",
	$counts ? ('SELECT * FROM authz.stat_refusals') : ())
{
	my ($status, undef, $error) = $primary->psql('shop', $sql, extra_params => [ '-U', 'monitoring' ]);
	like($error, qr/permission denied/, "not: $sql");
}

# A standby: not behind while it follows, behind while it waits
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
is((ask($primary, 'dbmi_authz_replay'))[0]{seconds}, 0, 'a primary is not behind');
$standby->poll_query_until('shop', $groups{dbmi_authz_replay}{query}, 0);
is((ask($standby, 'dbmi_authz_replay'))[0]{seconds}, 0, 'nor a standby that follows a quiet one');
$standby->safe_psql('shop', 'SELECT pg_wal_replay_pause()');
$standby->poll_query_until('shop', q(SELECT pg_get_wal_replay_pause_state() = 'paused'));
$primary->safe_psql('shop', 'SET ROLE dbo; ' . "SELECT authz.revoke_subject('https://id.example', 'ann', issued_before => 'infinity')");
ok($standby->poll_query_until('shop', $groups{dbmi_authz_replay}{query} =~ s/\s*AS seconds/ > 0/r), 'a standby whose replay is paused is behind');
is(scalar(ask($standby, 'dbmi_authz_issuer_keys')), scalar(ask($primary, 'dbmi_authz_issuer_keys')), 'it tells of the keys as the primary does');

$standby->stop;
$primary->stop;
done_testing();
