using System.Globalization;
using Microsoft.Extensions.Options;

namespace ClusterSession.Failover.Options;

/// <summary>Says everything that is wrong with the settings at once.</summary>
internal sealed class RaftCoordinatorValidator : IValidateOptions<RaftCoordinatorOptions>
{
    private const int ShortestSecret = 16;
    private const int MemberCount = 3;

    private static readonly TimeSpan LeastElection = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxLowerElection = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxUpperElection = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LeastRpc = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LeastOperation = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxOperation = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RaftCoordinatorOptions options)
    {
        string[] errors = [.. Members(options), .. Place(options), .. Times(options)];
        return errors.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static IEnumerable<string> Members(RaftCoordinatorOptions options)
    {
        if (options.Members.Count != MemberCount)
        {
            yield return $"Members has {options.Members.Count} addresses. Name {MemberCount}, this member included: "
                + "with three one may be down; reads are linearizable with three only.";
        }

        foreach (var member in options.Members.Where(member => !IsAddress(member)))
        {
            yield return $"Members names '{member}'. Give an address such as 'https://host:7400', without path "
                + "or query.";
        }

        if (options.Members.Distinct().Count() != options.Members.Count)
        {
            yield return $"Members names an address twice: {string.Join(", ", options.Members)}. Name each once.";
        }

        if (options.Self is null || !options.Members.Contains(options.Self))
        {
            yield return $"Self is '{options.Self}'. Set it to this member's own address, as Members names it: "
                + $"{string.Join(", ", options.Members)}.";
        }
    }

    private static IEnumerable<string> Place(RaftCoordinatorOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.Directory))
        {
            yield return $"Directory is '{options.Directory}'. Set it to a directory of this member alone, on a disk "
                + "that is kept over restarts.";
        }

        if (options.Secret is not { Length: >= ShortestSecret } secret)
        {
            yield return $"Secret has {options.Secret?.Length ?? 0} characters. Set at least {ShortestSecret}, "
                + "chosen at random, alike on all members.";
        }
        else if (!secret.All(static c => c is > ' ' and <= '~'))
        {
            yield return "Secret has a character that no HTTP header takes. Use letters, digits and signs of ASCII.";
        }
    }

    private static IEnumerable<string> Times(RaftCoordinatorOptions options) =>
        [
            .. Range(
                nameof(options.LowerElectionTimeout),
                options.LowerElectionTimeout,
                LeastElection,
                MaxLowerElection
            ),
            .. Range(
                nameof(options.UpperElectionTimeout),
                options.UpperElectionTimeout,
                options.LowerElectionTimeout + TimeSpan.FromMilliseconds(1),
                MaxUpperElection
            ),
            .. Range(nameof(options.RpcTimeout), options.RpcTimeout, LeastRpc, options.LowerElectionTimeout),
            .. Range(nameof(options.OperationTimeout), options.OperationTimeout, LeastOperation, MaxOperation),
        ];

    private static IEnumerable<string> Range(string setting, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            yield return $"{setting} is {Text(value)}. Set it between {Text(least)} and {Text(most)}.";
        }
    }

    private static string Text(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.###} ms");

    private static bool IsAddress(Uri member) =>
        member is { IsAbsoluteUri: true, PathAndQuery: "/" }
        && (member.Scheme == Uri.UriSchemeHttps || member.Scheme == Uri.UriSchemeHttp);
}
