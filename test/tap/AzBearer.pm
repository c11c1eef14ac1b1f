package AzBearer;

# A connection opened by a token (SASL, OAUTHBEARER: RFC 7628), whatever the token
# is: libpq would have to get it from a provider first.

use strict;
use warnings;

use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);

use AzWire;
our @ISA = ('AzWire');

# The connection, as AzWire's, or the server's refusal as "SQLSTATE: message".  What
# the client was told beside that is in $told.  message: what to send in place of a
# well-formed message with the token.
our $told;

sub log_in
{
	my ($class, $node, $token, %opt) = @_;
	my $socket = IO::Socket::UNIX->new(
		Type => SOCK_STREAM,
		Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "no connection: $!";
	my $self = bless { socket => $socket, sent => '', heard => [] }, $class;
	my $start = pack('N', 196608) . join("\0", 'user', $opt{user} // 'app', 'database', $opt{db} // 'postgres',
		(map { $_ => $opt{$_} } grep { defined $opt{$_} } 'options', 'replication'), '', '');
	my $message = $opt{message} // "n,,\x01auth=Bearer $token\x01\x01";
	$told = '';
	$self->{socket}->syswrite(pack('N', 4 + length $start) . $start);
	while (1)
	{
		my ($type, $length) = unpack 'aN', $self->read_bytes(5);
		my $body = $self->read_bytes($length - 4);
		$told .= $body;
		if ($type eq 'E')
		{
			my %field = map { substr($_, 0, 1) => substr($_, 1) } grep { length } split /\0/, $body;
			return "$field{C}: $field{M}";
		}
		last if $type eq 'Z';
		next if $type ne 'R';
		my $request = unpack 'N', $body;
		next if $request == 0;
		my $answer =
		    $request == 10 ? "OAUTHBEARER\0" . pack('N/a', $message)
		  : $request == 11 ? "\x01"
		  :                  die "unexpected request $request";
		$self->{socket}->syswrite('p' . pack('N', 4 + length $answer) . $answer);
	}
	return $self;
}

# The answers to a statement over such a connection, or the refusal.
sub ask
{
	my ($class, $node, $token, $sql, %opt) = @_;
	my $session = $class->log_in($node, $token, %opt);
	return $session unless ref $session;
	return join "\n", $session->query($sql)->answers;
}

1;
