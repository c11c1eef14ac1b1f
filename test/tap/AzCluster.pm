package AzCluster;

# What one server of a cluster hands to another, made by test/mint, and servers that
# take it.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use IPC::Run ();
use JSON::PP ();

use AzTest;

our @EXPORT = qw(sender assertion assertion_command take_assertions);

my $tests = dirname(dirname(abs_path(__FILE__)));
my $json = JSON::PP->new->canonical->ascii;

# Who sends, as a nonce names it: 16 bytes, all of them that letter.
sub sender
{
	my ($letter) = @_;
	require MIME::Base64;
	return MIME::Base64::encode_base64($letter x 16, '') =~ tr{+/=}{-_}dr;
}

# The arguments of test/mint.  What is not said is as it is to be: for Citus's road, of
# the key that take_assertions() adds, about ann, good from now on for half a minute.
sub arguments
{
	my (%how) = @_;
	my $claims = $json->encode({ iss => 'https://id.example', aud => 'clinic', sub => 'ann', exp => '+3600', %{ $how{claims} // {} } });
	my @members = map { defined $how{$_} ? ("--$_", $how{$_}) : () } qw(iat stored header);
	return ('--assertion', '--key', "$tests/fixtures/" . ($how{key} // 'ed25519_a.pem'), '--kid', $how{kid} // 'c1',
		'--destination', $how{destination} // 'citus/postgres', "--nonce=$how{nonce}", '--exp', $how{exp} // '+30', @members, $claims);
}

sub assertion
{
	my ($out, $err);
	IPC::Run::run([ "$tests/mint", arguments(@_) ], '<', '/dev/null', '>', \$out, '2>', \$err) or die "test/mint: $err";
	chomp $out;
	return $out;
}

# The same as a command of the shell, for psql: its nonce is $CHALLENGE.
sub assertion_command
{
	return join ' ', "$tests/mint", map { /CHALLENGE$/ ? qq("$_") : "'" . s/'/"'"'"'/gr . "'" } arguments(nonce => '$CHALLENGE', @_);
}

# A database takes assertions of the key c1 on connections of the role "node", and of its
# member "member".  trust() is the caller's.
sub take_assertions
{
	my ($node, $db) = @_;
	my $public = `$tests/mint --jwk --key $tests/fixtures/ed25519_a.pem --kid c1 --alg EdDSA`;
	$node->safe_psql($db, <<"SQL");
CREATE ROLE node LOGIN;
CREATE ROLE member LOGIN IN ROLE node;
ALTER DATABASE $db SET dbmi_authz.cluster_role = 'node';
SELECT authz.add_cluster_key_public('c1', '$public');
SQL
	return;
}

1;
