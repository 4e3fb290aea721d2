using ClusterSession.KeyRing;
using ClusterSession.Records;
using Microsoft.Extensions.Options;

namespace ClusterSession.Hosting;

/// <summary>
/// Finds everything that is wrong with the options, at once. Each message names the setting, its
/// value and the remedy.
/// </summary>
internal sealed class ClusterSessionOptionsValidator : IValidateOptions<ClusterSessionOptions>
{
    public ValidateOptionsResult Validate(string? name, ClusterSessionOptions options)
    {
        var errors = new List<string>(options.BindingErrors);
        CheckTimes(options, errors);
        CookieCheck.AddErrors(options.Cookie, errors);
        CheckKeys(options, errors);
        CheckOutage(options.Outage, errors);
        Range(errors, "Replicas", options.Replicas, 1, 16);
        Range(errors, "MaxAttributeBytes", options.MaxAttributeBytes, 1, 48 * 1024 * 1024);
        Range(errors, "MaxSessionBytes", options.MaxSessionBytes, 1024, 48 * 1024 * 1024);
        if (options.MaxAttributeBytes > options.MaxSessionBytes)
        {
            errors.Add(
                $"ClusterSession:MaxAttributeBytes is {options.MaxAttributeBytes}, and ClusterSession:MaxSessionBytes "
                    + $"{options.MaxSessionBytes}: no session could hold such an attribute. Raise MaxSessionBytes, or "
                    + "lower it."
            );
        }

        Range(errors, "MaxAttributes", options.MaxAttributes, 1, 65_000);
        Range(errors, "MaxAttributeNameBytes", options.MaxAttributeNameBytes, 1, 65_535);
        CheckLocalCopies(options.LocalCopies, errors);
        Defined(errors, "Durability", options.Durability);
        Defined(errors, "OnStoreUnavailable", options.OnStoreUnavailable);
        CheckApplicationName(options.ApplicationName, errors);

        if (
            options.KeyPrefix is not { Length: >= 1 and <= ApplicationIdentity.LongestPrefix } prefix
            || prefix.AsSpan().ContainsAnyExcept(ApplicationIdentity.PrefixCharacters)
        )
        {
            errors.Add(
                $"ClusterSession:KeyPrefix is '{options.KeyPrefix}'. Use 1 to 64 letters, digits, '.', '_' or '-'."
            );
        }

        if (options.Principal is null)
        {
            errors.Add(
                "ClusterSession:Principal is null. Give it a function, or leave it as it is; one that returns null "
                    + "ties no session to anybody."
            );
        }

        CheckNames(errors, "SignInSchemes", options.SignInSchemes);
        CheckNames(errors, "CarriedAttributes", options.CarriedAttributes);
        CheckCarriedAttributes(options, errors);
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void CheckApplicationName(string? name, List<string> errors)
    {
        if (name is not { Length: >= 1 and <= 256 } || string.IsNullOrWhiteSpace(name))
        {
            errors.Add(
                $"ClusterSession:ApplicationName is '{name}'. Use 1 to 256 characters, or "
                    + "leave it out for the name of the host's application."
            );
        }
        else if (!Utf8Text.IsWellFormed(name))
        {
            errors.Add(
                "ClusterSession:ApplicationName has a surrogate without its other half: two applications would "
                    + "have one name. Use characters that have a form in UTF-8."
            );
        }
    }

    /// <summary>
    /// A name that no attribute can have would carry nothing, and say nothing of it.
    /// </summary>
    private static void CheckCarriedAttributes(ClusterSessionOptions options, List<string> errors)
    {
        for (var i = 0; i < (options.CarriedAttributes?.Count ?? 0); i++)
        {
            if (
                options.CarriedAttributes![i] is { Length: > 0 } name
                && AttributeName.ProblemOf(name, options.MaxAttributeNameBytes) is { } problem
            )
            {
                errors.Add($"ClusterSession:CarriedAttributes:{i} cannot be used. {problem}");
            }
        }
    }

    private static void CheckNames(List<string> errors, string setting, IList<string>? names)
    {
        if (names is null || names.Any(string.IsNullOrEmpty))
        {
            errors.Add($"ClusterSession:{setting} is null or has an empty name. Give it names, or leave it empty.");
        }
    }

    private static void CheckTimes(ClusterSessionOptions options, List<string> errors)
    {
        Range(errors, "IdleTimeout", options.IdleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365));
        if (options.AbsoluteTimeout is { } absolute && absolute < options.IdleTimeout)
        {
            errors.Add(
                $"ClusterSession:AbsoluteTimeout is {absolute}, less than ClusterSession:IdleTimeout "
                    + $"({options.IdleTimeout}). Raise it, or leave it out for no limit."
            );
        }

        if (
            options.TouchInterval is { } touch
            && (touch < TimeSpan.FromMilliseconds(100) || touch > options.IdleTimeout)
        )
        {
            errors.Add(
                $"ClusterSession:TouchInterval is {touch}. Use a duration from 00:00:00.1 to "
                    + $"ClusterSession:IdleTimeout ({options.IdleTimeout}), or leave it out."
            );
        }

        Range(errors, "ReplicaTimeout", options.ReplicaTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Range(errors, "LongestRequest", options.LongestRequest, TimeSpan.Zero, TimeSpan.FromDays(1));
        Range(errors, "RotationGrace", options.RotationGrace, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Range(errors, "KeyRotation", options.KeyRotation, TimeSpan.FromHours(1), TimeSpan.FromDays(3650));
        if (
            options.IdleTimeout <= TimeSpan.FromDays(365)
            && options.LongestRequest <= TimeSpan.FromDays(1)
            && options.StoreLife / (SessionKeyRing.MaxKeys - 2) > options.KeyRotation
        )
        {
            errors.Add(
                $"ClusterSession:KeyRotation is {options.KeyRotation}, too short for ClusterSession:IdleTimeout "
                    + $"({options.IdleTimeout}): a ring holds {SessionKeyRing.MaxKeys} keys, and a cookie would "
                    + $"outlive its key. Raise it to at least {options.StoreLife / (SessionKeyRing.MaxKeys - 2)}."
            );
        }

        if (options.LongestTicketLife is { } ticket)
        {
            Range(errors, "LongestTicketLife", ticket, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        }

        Range(errors, "RetryAfter", options.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    }

    private static void CheckLocalCopies(LocalCopyOptions? copies, List<string> errors)
    {
        if (copies is null)
        {
            errors.Add(
                "ClusterSession:LocalCopies is null. Change its properties, or leave it as it is; to keep no "
                    + "copies, set ClusterSession:LocalCopies:MaxCount to 0."
            );
            return;
        }

        Range(errors, "LocalCopies:MaxCount", copies.MaxCount, 0, 100_000_000);
        Range(errors, "LocalCopies:MaxBytes", copies.MaxBytes, 0, 1L << 40);
        Range(errors, "LocalCopies:Lease", copies.Lease, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    private static void CheckOutage(OutageOptions? outage, List<string> errors)
    {
        if (outage is null)
        {
            errors.Add("ClusterSession:Outage is null. Change its properties, or leave it as it is for the defaults.");
            return;
        }

        var millisecond = TimeSpan.FromMilliseconds(1);
        Range(errors, "Outage:SoftTimeout", outage.SoftTimeout, millisecond, TimeSpan.FromMinutes(1));
        Range(errors, "Outage:HardTimeout", outage.HardTimeout, millisecond, TimeSpan.FromMinutes(5));
        if (outage.HardTimeout < outage.SoftTimeout)
        {
            errors.Add(
                $"ClusterSession:Outage:HardTimeout is {outage.HardTimeout}, less than "
                    + $"ClusterSession:Outage:SoftTimeout ({outage.SoftTimeout}). Raise it, or lower the other."
            );
        }

        Range(errors, "Outage:BreakAfter", outage.BreakAfter, 1, 10_000);
        Range(
            errors,
            "Outage:ProbeInterval",
            outage.ProbeInterval,
            TimeSpan.FromMilliseconds(10),
            TimeSpan.FromMinutes(1)
        );
        Range(errors, "Outage:JournalSessions", outage.JournalSessions, 0, 10_000_000);
        Range(errors, "Outage:JournalBytes", outage.JournalBytes, 0, 64L << 30);
        Range(errors, "Outage:WriteBehindDelay", outage.WriteBehindDelay, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Range(errors, "Outage:ReplayWindow", outage.ReplayWindow, TimeSpan.Zero, TimeSpan.FromDays(1));
        Range(errors, "Outage:ReplayBytes", outage.ReplayBytes, 0, 64L << 30);
        Range(errors, "Outage:ReplayPerSecond", outage.ReplayPerSecond, 1, 1_000_000);
        Range(errors, "Outage:DrainTimeout", outage.DrainTimeout, TimeSpan.Zero, TimeSpan.FromHours(1));
        Defined(errors, "Outage:OnStoreReset", outage.OnStoreReset);
    }

    private static void CheckKeys(ClusterSessionOptions options, List<string> errors)
    {
        if (options.Keys is null)
        {
            errors.Add(
                "ClusterSession:Keys is null. Leave it empty for a ring that all nodes share through the "
                    + "store, or add keys to it."
            );
        }

        for (var i = 0; i < (options.Keys?.Count ?? 0); i++)
        {
            if (options.Keys![i] is not { } key)
            {
                errors.Add($"ClusterSession:Keys:{i} is null. Remove it, or give it an Id and a Secret.");
                continue;
            }

            Range(errors, $"Keys:{i}:Id", key.Id, 1, 0xFFFFFF);
            if (options.Keys.Take(i).Any(other => other?.Id == key.Id))
            {
                errors.Add(
                    $"ClusterSession:Keys:{i}:Id is {key.Id}, as another key's. Give each key an id of its own."
                );
            }

            if (SecretCheck.Read(key.Secret, out var problem) is null)
            {
                errors.Add($"ClusterSession:Keys:{i}:Secret{problem}");
            }
        }

        foreach (var secret in options.KeyRingSecrets)
        {
            if (SecretCheck.Read(secret, out var problem) is null)
            {
                errors.Add($"A secret given to ProtectKeysWith{problem}");
            }
        }
    }

    private static void Range<T>(List<string> errors, string setting, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            errors.Add($"ClusterSession:{setting} is {value}. Use a value from {least} to {most}.");
        }
    }

    private static void Defined<T>(List<string> errors, string setting, T value)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            errors.Add($"ClusterSession:{setting} is {value}. Use one of {string.Join(", ", Enum.GetNames<T>())}.");
        }
    }
}
