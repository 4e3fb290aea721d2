using ClusterSession.Transport.Diagnostics;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Sockets;
using Xunit;

namespace ClusterSession.Tests.Transport.Diagnostics;

public sealed class LogSentenceTests
{
    private static readonly ServerAddress Server = new("server.example", 6379);

    [Theory]
    [InlineData("No connection to server.example:6379: Connection refused", "Connection refused.")]
    [InlineData(
        "The connection to server.example:6379 was closed: another server has taken its place.",
        "Another server has taken its place."
    )]
    [InlineData(
        "server.example:6379 was not ready within 3000 ms (ConnectTimeout).",
        "server.example:6379 was not ready within 3000 ms (ConnectTimeout)."
    )]
    [InlineData("two\nlines", "Two lines.")]
    [InlineData("", "No reason is known.")]
    public void Reason_is_one_sentence_that_does_not_name_the_server_again(string message, string sentence) =>
        Assert.Equal(sentence, LogSentence.Of(Server, new ConnectException(ConnectFailure.Unreachable, message)));

    [Fact]
    public void Reason_names_the_cause_of_the_network_once()
    {
        var reset = new IOException("Connection reset by peer");
        Assert.Equal(
            "Receiving failed. Connection reset by peer.",
            LogSentence.Of(Server, new ConnectionException("Receiving failed.", sent: true, reset))
        );
        Assert.Equal(
            "Connection reset by peer.",
            LogSentence.Of(Server, new ConnectionException("Connection reset by peer", sent: true, reset))
        );
    }
}
